"""A collection with a document about returns, and the pipeline with a model and an index that obey."""

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
from kb.rules import encoding
from tests.chat.fakes import FakeGenerator
from tests.factories import make_document
from tests.rules.encoders import WordEncoder

TEXT = (
    "# Returns\n\nCustomers may return a product within 14 days of delivery. "
    "Send it to Max Muster, max.muster@example.com, +49 30 1234567. The code name of the project is Falcon."
)
QUESTION = "How long may customers return a product?"
Run = Callable[..., list[Event]]


@pytest.fixture
def document(collection: Collection) -> Document:
    return make_document(collection, TEXT, title="Returns", external_id="returns.md")


@pytest.fixture
def search(document: Document, monkeypatch: pytest.MonkeyPatch) -> WordEncoder:
    """A search server that offers every chunk to everybody, and encodes questions by their words."""
    fake = WordEncoder(list(Chunk.objects.values_list("pk", flat=True)))
    monkeypatch.setattr(retrieval, "search_client", lambda: fake)
    monkeypatch.setattr(encoding, "search_client", lambda: fake)
    monkeypatch.setattr(gate, "search_client", lambda: fake)
    return fake


@pytest.fixture
def run(search: WordEncoder, teammate: User) -> Run:
    def call(
        *said: str, question: str = QUESTION, user: User = teammate, generator: Any = None, **fields: Any
    ) -> list[Event]:
        async def collect() -> list[Event]:
            model = generator or FakeGenerator(*said)
            return [event async for event in answer(Ask(user, question, **fields), model)]

        return async_to_sync(collect)()

    return call
