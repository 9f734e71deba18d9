"""A document that is deleted and purged while an answer from it is being written."""

from __future__ import annotations

import pytest

from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.chat.models import Message, Outcome
from kb.chat.record import Ask, Draft, complete, keep_passages, open_message
from kb.chat.serialize import answer_object
from kb.library.models import Collection, Document
from kb.library.services import delete_document
from kb.rag.types import Passage, Quote
from tests.factories import make_document

TEXT = "Use Concur for all reservations."


@pytest.fixture
def document(collection: Collection) -> Document:
    return make_document(collection, TEXT)


@pytest.fixture
def draft(document: Document, teammate: User) -> Draft:
    """Everything is there but the end."""
    draft = open_message(Ask(teammate, "Where are trips booked?"))
    passage = Passage(
        n=1,
        chunk_id=document.chunks.get().pk,
        document_id=document.pk,
        document_title=document.title,
        version=1,
        text=TEXT,
        start=0,
        end=len(TEXT),
    )
    keep_passages(draft, [passage])
    number = draft.cite(Quote(1, 0, len(TEXT), TEXT))
    draft.sentences.append({"text": TEXT, "citations": [number]})
    return draft


def everything_stored(message: Message) -> str:
    rows = (Message.objects.filter(pk=message.pk), message.passages.all(), message.citations.all())
    return str([list(each.values()) for each in rows])


def test_words_of_a_document_purged_during_the_answer_are_not_kept(
    draft: Draft, document: Document, teammate: User
) -> None:
    """Case 35."""
    delete_document(document)
    purge_deleted()
    message = complete(draft, Outcome.ANSWERED)
    message.refresh_from_db()

    assert "Concur" not in everything_stored(message)
    assert answer_object(message, teammate)["withheld"]


def test_words_of_a_document_that_is_there_are_kept(draft: Draft) -> None:
    assert "Concur" in everything_stored(complete(draft, Outcome.ANSWERED))
