"""What the model server is told about passages that it may keep."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from kb.accounts.models import User
from kb.chat import gate
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.library import retrieval
from kb.library.models import Chunk, Collection
from tests.chat.fakes import FakeGenerator
from tests.factories import browser_of, make_document
from tests.fakes import FakeSearch

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Book flights at least 14 days before you leave."


@pytest.fixture
def manager(owner: User, collection: Collection, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The browser of the collection's manager; its one document is found by everybody."""
    make_document(collection, TEXT, title="Travel")
    fake = FakeSearch(list(Chunk.objects.values_list("pk", flat=True)))
    monkeypatch.setattr(retrieval, "search_client", lambda: fake)
    monkeypatch.setattr(gate, "search_client", lambda: fake)
    return browser_of(owner)


def content_shown(reader: User) -> object:
    generator = FakeGenerator(TEXT, " [1]")

    async def collect() -> None:
        async for _ in answer(Ask(reader, "When must flights be booked?"), generator):
            pass

    async_to_sync(collect)()
    return generator.prompts[-1][-1]["content"]


def choose(browser: Client, collection: Collection, value: object) -> int:
    body = {"known_passages": value}
    address = f"/api/v1/collections/{collection.pk}/"
    return browser.patch(address, body, content_type="application/json").status_code


def test_passages_are_marked_once_the_collections_manager_chose_it(
    manager: Client, collection: Collection, teammate: User
) -> None:
    plain = content_shown(teammate)
    assert isinstance(plain, str)
    assert choose(manager, collection, True) == 200
    parts = content_shown(teammate)
    assert isinstance(parts, list)
    assert "".join(part["text"] for part in parts) == plain
    assert choose(manager, collection, False) == 200
    assert content_shown(teammate) == plain


def test_readers_cannot_choose(manager: Client, collection: Collection, teammate: User) -> None:
    assert choose(browser_of(teammate), collection, True) in (403, 404)
    assert choose(manager, collection, "maybe") == 400
    assert isinstance(content_shown(teammate), str)
