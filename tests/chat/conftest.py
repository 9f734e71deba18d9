"""A guide to travelling, an index that offers all of it to everybody, and somebody who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from kb.accounts.models import User
from kb.chat import gate
from kb.chat.events import Event
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.library import retrieval
from kb.library.models import Chunk, Collection, Document
from tests.chat.fakes import FakeGenerator
from tests.factories import make_document
from tests.fakes import FakeSearch

TEXT = (
    "# Booking travel\n\nUse Concur for all reservations. Book flights at least 14 days before you leave. "
    "Hotels outside of Concur need a written justification."
)
QUESTION = "When must flights be booked?"
BOOKING = "What do I use for all reservations?"
Run = Callable[..., list[Event]]


@pytest.fixture
def document(collection: Collection) -> Document:
    return make_document(collection, TEXT, title="Travel guide")


@pytest.fixture
def search(document: Document, monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    """An index that offers every chunk there is to everybody."""
    fake = FakeSearch(list(Chunk.objects.values_list("pk", flat=True)))
    monkeypatch.setattr(retrieval, "search_client", lambda: fake)
    monkeypatch.setattr(gate, "search_client", lambda: fake)
    return fake


@pytest.fixture
def run(search: FakeSearch, teammate: User) -> Run:
    def call(
        generator: FakeGenerator, question: str = QUESTION, user: User = teammate, **fields: Any
    ) -> list[Event]:
        async def collect() -> list[Event]:
            return [event async for event in answer(Ask(user, question, **fields), generator)]

        return async_to_sync(collect)()

    return call


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events if event.name != "delta"]
