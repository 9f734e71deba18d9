"""What is asked for, and its prompt on the way into the cache."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from kb.llm.engine.residents import Resident
from kb.llm.types import Began, EngineEvent, Failed, FinishReason, Prompt, Sampling, Span

# A prompt of which no more is to be evaluated goes whole, and others like it go with it.
SHORT_TOKENS = 64
# An ordinary question with its passages, also those that larger models are given.
_BRIEF_TOKENS = 1536

Emit = Callable[[EngineEvent], None]


class Job:
    """What was asked for. Only cancelling may come from any thread."""

    def __init__(self, prompt: Prompt, sampling: Sampling, emit: Emit, stopping: threading.Event) -> None:
        self.prompt = prompt
        self.sampling = sampling
        self.emit = emit
        self._stopping = stopping
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        return self._cancelled.is_set() or self._stopping.is_set()


class Task(ABC):
    """A job on its way through the scheduler.

    Attributes:
        tokens: of the prompt, and of what was answered before it had to make room for others.
        seat: its sequence in the cache, once there is room.
        cached: tokens of the prompt that were in the cache, or in units that were known.
        is_short: the others may be evaluated in one go.
        is_brief: the others are no more than an ordinary question with its passages has.
        units: of the tokens; see `kb.llm.engine.stitching`.
        known: the rows of units that have still to be stitched.
        workplaces: where the rows of units are in evaluation.
    """

    def __init__(self, job: Job, *, with_units: bool = False) -> None:
        self.job = job
        self.tokens = list(job.prompt.tokens)
        self.seat: Resident | None = None
        self.is_short = False
        self.is_brief = False
        self.cached = 0
        self.units: tuple[Span, ...] = job.prompt.units if with_units else ()
        self.known: dict[Span, bytearray] = {}
        self.workplaces: dict[Span, Resident] = {}
        self._has_begun = False

    @property
    @abstractmethod
    def to_come(self) -> int:
        """How many tokens there may still be behind the prompt."""

    @abstractmethod
    def end(self, ending: FinishReason | Failed) -> None:
        """The last word to the reader."""

    def sit(self, seat: Resident) -> None:
        """Take a sequence, which holds the beginning of the tokens."""
        self.seat = seat
        if not self._has_begun:
            self.cached = len(seat.tokens)
        self._note_work(len(self.tokens) - len(seat.tokens))

    def note_known(self, known: int, to_evaluate: int) -> None:
        """Of the tokens behind those in the sequence, so many are known, and so many have to be evaluated."""
        if not self._has_begun:
            self.cached += known
        self._note_work(to_evaluate)

    def _note_work(self, tokens: int) -> None:
        self.is_short, self.is_brief = tokens <= SHORT_TOKENS, tokens <= _BRIEF_TOKENS

    def stand_up(self) -> None:
        """Give the sequence away."""
        self.seat = None

    @property
    def tokens_in_workplaces(self) -> int:
        """Of units, so far."""
        return sum(len(place.tokens) - self.units[0].start for place in self.workplaces.values())

    def forget_units(self) -> None:
        self.known.clear()
        self.workplaces.clear()

    def rest(self) -> list[int]:
        """What of the prompt is not evaluated yet."""
        return self.tokens[len(self.seat.tokens) if self.seat else 0 :]

    def _begin(self) -> None:
        self._has_begun = True
        self.job.emit(Began(self.cached))
