"""One answer: who waits for it, and its text as it grows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from kb.llm.engine.residents import Resident
from kb.llm.stopping import TextStream
from kb.llm.types import (
    Began,
    EngineEvent,
    Failed,
    Finished,
    FinishReason,
    Piece,
    Prompt,
    Sampling,
    Span,
    Usage,
)

# A prompt of which no more is to be evaluated goes whole, and others like it go with it.
SHORT_TOKENS = 64
_BRIEF_TOKENS = 512

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


class Vocabulary(Protocol):
    """What turns tokens into text."""

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...


class Sampler(Protocol):
    """Draws the tokens of one answer."""

    def draw(self, row: int) -> int:
        """The next token after that row of the batch that was evaluated last."""

    def close(self) -> None: ...


class Generation:
    """A job on its way through the scheduler.

    Attributes:
        tokens: of the prompt, and of what was answered before it had to make room for others.
        seat: its sequence in the cache, once there is room.
        sampler: from the end of the prompt on.
        drawn: the last token of the answer, which is to be evaluated next.
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
        self.sampler: Sampler | None = None
        self.drawn = 0
        self.is_short = False
        self.is_brief = False
        self.cached = 0
        self.units: tuple[Span, ...] = job.prompt.units if with_units else ()
        self.known: dict[Span, bytearray] = {}
        self.workplaces: dict[Span, Resident] = {}
        self._answer: list[int] = []
        self._text = TextStream(job.sampling.stop)

    @property
    def to_come(self) -> int:
        """How many tokens the answer may still have."""
        return self.job.prompt.max_tokens - len(self._answer)

    def sit(self, seat: Resident) -> None:
        """Take a sequence, which holds the beginning of the tokens."""
        self.seat = seat
        if self.sampler is None:
            self.cached = len(seat.tokens)
        self._note_work(len(self.tokens) - len(seat.tokens))

    def note_known(self, known: int, to_evaluate: int) -> None:
        """Of the tokens behind those in the sequence, so many are known, and so many have to be evaluated."""
        if self.sampler is None:
            self.cached += known
        self._note_work(to_evaluate)

    def _note_work(self, tokens: int) -> None:
        self.is_short, self.is_brief = tokens <= SHORT_TOKENS, tokens <= _BRIEF_TOKENS

    def stand_up(self) -> None:
        """Give the sequence away; what was answered is a part of the prompt from now on."""
        self.seat = None
        self.tokens = [*self.job.prompt.tokens, *self._answer]

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

    def began(self, sampler: Sampler) -> Sampler:
        self.sampler = sampler
        self.job.emit(Began(self.cached))
        return sampler

    def take(self, token: int, vocabulary: Vocabulary) -> FinishReason | None:
        """Add the token to the answer and tell the reader. Returns why the answer ends here, if it does."""
        if vocabulary.is_end(token):
            self._say(self._text.end())
            return "stop"
        self.drawn = token
        self._answer.append(token)
        self._say(self._text.feed(vocabulary.piece(token)))
        if self._text.stopped:
            return "stop"
        if not self.to_come:
            self._say(self._text.end())
            return "length"
        return None

    def end(self, ending: FinishReason | Failed) -> None:
        """The last word to the reader."""
        if self.sampler is not None:
            self.sampler.close()
        if isinstance(ending, Failed):
            self.job.emit(ending)
        else:
            self.job.emit(Finished(self._usage(), ending))

    def _usage(self) -> Usage:
        return Usage(len(self.job.prompt.tokens), self.cached, len(self._answer))

    def _say(self, text: str) -> None:
        if text:
            self.job.emit(Piece(text))
