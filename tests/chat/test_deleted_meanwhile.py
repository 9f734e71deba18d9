"""A document that is deleted while an answer from it is streamed."""

from __future__ import annotations

import io

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from ingest.services import Upload, submit_document
from kb.accounts.models import User
from kb.chat import gate
from kb.chat.models import Message
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.chat.serialize import answer_object
from kb.library import retrieval
from kb.library.models import Chunk, Collection, Document
from kb.library.services import delete_document
from tests.chat.fakes import FakeGenerator
from tests.factories import make_document
from tests.fakes import FakeSearch

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "# Booking travel\n\nUse Concur for all reservations. Book flights at least 14 days before you leave."


def test_document_deleted_during_the_stream_is_withheld_and_its_content_is_accepted_again(
    collection: Collection, owner: User, teammate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 35."""
    document = make_document(collection, TEXT, external_id="travel.md")
    search = FakeSearch(list(Chunk.objects.values_list("pk", flat=True)))
    monkeypatch.setattr(retrieval, "search_client", lambda: search)
    monkeypatch.setattr(gate, "search_client", lambda: search)
    generator = FakeGenerator("Use Concur for all reservations. [1] Book", " flights", " early.")

    async def read_and_delete() -> None:
        question = Ask(teammate, "When must flights be booked?")
        sentences = 0
        async for event in answer(question, generator):
            sentences += event.name == "sentence"
            if event.name == "sentence" and sentences == 1:
                await sync_to_async(delete_document)(document)
        assert sentences

    async_to_sync(read_and_delete)()
    shown = answer_object(Message.objects.get(), teammate)
    assert shown["withheld"]
    assert "Concur" not in str(shown)

    uploads = [Upload(io.BytesIO(TEXT.encode()), "travel.md") for _ in range(2)]
    created = [submit_document(collection, owner, upload).created for upload in uploads]
    assert created == [True, False]
    assert Document.objects.filter(deleted_at=None).count() == 1
