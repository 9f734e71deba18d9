"""A language model that says what it is told to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from kb.exceptions import KBError
from kb.llm.client import Delta, Done, Opened, Queued
from kb.llm.errors import NotOfferedError
from kb.llm.scores import Score
from kb.llm.types import Usage


class FakeGenerator:
    """Says the given pieces, then fails if told to.

    Attributes:
        prompts: the messages of each call.
        users: who asked, as the model is told.
        opinion: log-probabilities of Yes and No, or None for an endpoint that gives none.
        checked: the messages for which it was asked.
        closed: whether the last stream was closed before its end.
    """

    def __init__(
        self,
        *pieces: str,
        failing: KBError | None = None,
        queued: Sequence[int] = (),
        finish_reason: str = "stop",
    ) -> None:
        self._pieces = pieces
        self._finish_reason = finish_reason
        self._failing = failing
        self._queued = queued
        self.prompts: list[Any] = []
        self.users: list[Any] = []
        self.closed = False
        self.opinion: tuple[float, float] | None = (-0.5, -1.5)
        self.checked: list[Any] = []

    async def score(self, messages: Any, continuations: Sequence[str], **parameters: Any) -> list[Score]:
        assert tuple(continuations) == ("Yes", "No")
        self.checked.append(messages)
        if self.opinion is None:
            raise NotOfferedError
        return [
            Score(text, logprob, (logprob,), "fake-model")
            for text, logprob in zip(continuations, self.opinion, strict=True)
        ]

    async def health(self) -> dict[str, Any]:
        return {"status": "ok"}

    async def stream(
        self, messages: Any, **parameters: Any
    ) -> AsyncGenerator[Queued | Opened | Delta | Done]:
        self.prompts.append(messages)
        self.users.append(parameters.get("user"))
        try:
            for position in self._queued:
                yield Queued(position)
            if self._pieces:
                yield Opened(Usage(100, 20, 0), "fake-model")
            for piece in self._pieces:
                yield Delta(piece)
            if self._failing:
                raise self._failing
            yield Done(Usage(100, 20, len(self._pieces)), "fake-model", self._finish_reason)
        except GeneratorExit:
            self.closed = True
            raise
