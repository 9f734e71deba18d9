"""Asking with a model and an index that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from asgiref.sync import async_to_sync

from kb.accounts.models import User
from kb.chat import gate
from kb.chat.events import Event
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.library import retrieval
from kb.library.models import Chunk
from kb.search.client import Hit, SearchReply
from tests.chat.fakes import FakeGenerator

Events = Callable[..., list[Event]]


class WordSearch:
    """Finds the chunks of the given collections that hold a word of the query.

    Attributes:
        cosine: how near every sentence is, for the gate.
        leaks: ids of chunks that it finds wherever it is asked to look, as an index that is behind would.
        cosines_of: how near chunks are, by id; the others are at 0.5.
    """

    def __init__(self, cosine: float = 0.9) -> None:
        self.cosine = cosine
        self.leaks: set[int] = set()
        self.cosines_of: dict[int, float] = {}
        self.asked: list[tuple[str, list[int]]] = []

    def search(self, query: str, collections: Sequence[int], limit: int, candidates: int) -> SearchReply:
        self.asked.append((query, list(collections)))
        words = [word.strip("?.“”") for word in query.casefold().split()]
        hits = [
            Hit(chunk_id=pk, rrf_score=0.1, cosine=self.cosines_of.get(pk, 0.5), bm25=1.0)
            for pk, text, place in Chunk.objects.order_by("pk").values_list(
                "pk", "text", "document__collection_id"
            )
            if (pk in self.leaks or place in collections)
            and any(word in text.casefold() for word in words if len(word) > 3)
        ]
        hits.sort(key=lambda hit: -(hit.cosine or 0))
        return SearchReply(hits=tuple(hits[:limit]), seq=1, timings_ms={})

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        return [self.cosine for _ in texts]


def install(monkeypatch: pytest.MonkeyPatch, search: object) -> None:
    monkeypatch.setattr(retrieval, "search_client", lambda: search)
    monkeypatch.setattr(gate, "search_client", lambda: search)


def ask(user: User, question: str, *said: str, **fields: object) -> list[Event]:
    """The events of an answer for which the model says these pieces."""

    async def collect() -> list[Event]:
        asked = Ask(user, question, **fields)  # type: ignore[arg-type]
        return [event async for event in answer(asked, FakeGenerator(*said))]

    return async_to_sync(collect)()
