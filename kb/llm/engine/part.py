"""What goes into a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kb.llm.engine.residents import Resident
from kb.llm.engine.task import Task


class Row(NamedTuple):
    """One token of a batch."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


@dataclass(frozen=True)
class Part:
    """What one task puts into a batch.

    Attributes:
        seat: the sequence behind which the tokens are evaluated.
        draws: from the logits of how many of the last rows tokens are drawn; all but the first of these rows
            are guesses.
    """

    task: Task
    seat: Resident
    tokens: list[int]
    draws: int

    @property
    def guesses(self) -> list[int]:
        return self.tokens[len(self.tokens) - self.draws + 1 :] if self.draws else []

    def rows(self) -> Iterator[Row]:
        """Behind what its sequence holds already."""
        start, last = len(self.seat.tokens), len(self.tokens) - 1
        for at, token in enumerate(self.tokens):
            yield Row(token, start + at, self.seat.sequence, at > last - self.draws)


def seat_of(task: Task) -> Resident:
    """Its sequence; raises RuntimeError where it has none."""
    if task.seat is None:
        raise RuntimeError("Only who has a sequence takes part in a batch.")
    return task.seat
