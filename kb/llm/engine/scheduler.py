"""Continuous batching: many answers decode together while prompts are evaluated in turn.

Knows no llama.cpp: the model side is the protocol `Decoder`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kb.exceptions import LLMUnavailableError
from kb.llm.engine.batches import Pace, reusable
from kb.llm.engine.generation import SHORT_TOKENS, Generation, Job, Sampler, Vocabulary
from kb.llm.engine.residents import Memory, Resident, Residents
from kb.llm.engine.stitching import UNITS_AT_ONCE, Rows, Stitcher
from kb.llm.engine.units import UnitStore
from kb.llm.types import Failed, FinishReason, Sampling, Work

logger = logging.getLogger(__name__)

# Of the batch that short prompts share: small enough for the answers that wait for it.
_SHORT_ROWS = 128
# So much of an answer must fit in before its prompt is evaluated, so that it need not give way at once.
_HEADROOM_TOKENS = 64


class Row(NamedTuple):
    """One token of a batch."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


class Decoder(Memory, Rows, Protocol):
    """A model and its cache."""

    def decode(self, rows: Sequence[Row]) -> None:
        """Evaluate one batch; rows of one sequence follow each other. Raises when it cannot."""

    def sampler(self, sampling: Sampling) -> Sampler: ...


@dataclass(frozen=True)
class _Part:
    """What one generation puts into a batch.

    Attributes:
        seat: the sequence behind which the tokens are evaluated.
        draws: the next token is drawn from the logits of the last row.
    """

    generation: Generation
    seat: Resident
    tokens: list[int]
    draws: bool


class Scheduler:
    """Belongs to one thread.

    Prompts are evaluated first come, first served and one at a time: taking turns would make each of them
    late. Long ones are cut into pieces, and with each piece every running answer gets its next token.

    Nobody reserves room for the longest answer that was asked for: most are shorter. Where the cache becomes
    full, the answer that began last stops, and goes on as a prompt when there is room again.

    Args:
        slots: how many generations have a place in the cache at once.
        cells: tokens that the cache has room for, at least as many as the longest prompt and answer.
        clock: seconds that never go back.
        store: of the rows of units; None evaluates them like the rest of a prompt.
        again: tokens of each unit that are evaluated again in their place.

    Attributes:
        step_since_s: when the batch that is being evaluated began, by the clock; None between two.
        work: what was done so far.
    """

    def __init__(
        self,
        decoder: Decoder,
        vocabulary: Vocabulary,
        slots: int,
        cells: int,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
        store: UnitStore | None = None,
        again: int = 0,
    ) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._slots = slots
        self._pace = pace
        self._clock = clock
        self._prompts: deque[Generation] = deque()
        self._answers: list[Generation] = []
        self.residents = Residents(decoder, sequences_for(slots), cells)
        self._stitcher = Stitcher(decoder, self.residents, store, again) if store is not None else None
        self.step_since_s: float | None = None
        self.work = Work()

    @property
    def is_idle(self) -> bool:
        return not self._prompts and not self._answers

    def add(self, job: Job) -> None:
        self._prompts.append(Generation(job, with_units=self._stitcher is not None))

    def step(self) -> None:
        """Evaluate one batch, of everyone whose turn it is."""
        self._drop_cancelled()
        try:
            self._make_room_for_answers()
            parts = [
                *self._prompt_parts(),
                *(_Part(one, _seat_of(one), [one.drawn], True) for one in self._answers),
            ]
            if parts:
                self._decode(parts)
        except Exception:
            logger.exception("A batch failed")
            self._fail_all()
        else:
            self._draw(parts)

    def _drop_cancelled(self) -> None:
        for generation in [*self._prompts, *self._answers]:
            if generation.job.is_cancelled():
                self._end(generation, "cancelled")

    def _make_room_for_answers(self) -> None:
        """Room for one more token of each, if need be at the expense of those that began last."""
        while not self.residents.make_room(len(self._answers)):
            begun = next((one for one in reversed(self._prompts) if one.seat is not None), None)
            last = begun or self._answers.pop()
            self._leave(last)
            last.stand_up()
            if begun is None:
                self._prompts.appendleft(last)

    def _prompt_parts(self) -> Iterator[_Part]:
        """The next piece of the prompt whose turn it is, and short prompts behind it that fit in whole."""
        rows = len(self._answers)
        parts: list[_Part] = []
        for generation in self._prompts:
            if len(self._answers) + len(parts) >= self._slots:
                return
            if parts and not self._fits_behind(generation, parts, rows):
                return
            if not self._seat(generation, rows):
                return
            if begun := list(self._unit_parts(generation, rows)):
                yield from begun
                return
            size = self._stitcher.advance(generation) if self._stitcher else len(generation.rest())
            if not generation.is_short:
                size = self._pace.piece(size, rows, brief=generation.is_brief)
            rest = generation.rest()
            parts.append(_Part(generation, _seat_of(generation), rest[:size], size == len(rest)))
            yield parts[-1]
            rows += size
            if size < len(rest):
                return

    def _unit_parts(self, generation: Generation, rows: int) -> Iterator[_Part]:
        """The next rows of units of its prompt that nobody has evaluated yet."""
        remaining = self._stitcher.to_evaluate(generation) if self._stitcher else 0
        if self._stitcher and remaining:
            size = self._pace.piece(remaining, rows, brief=generation.is_brief)
            for workplace, tokens in self._stitcher.pieces(generation, size):
                yield _Part(generation, workplace, tokens, False)

    def _fits_behind(self, generation: Generation, parts: Sequence[_Part], rows: int) -> bool:
        """Whether a prompt is short, and would not begin with one of those in the batch if it waited."""
        tokens = generation.tokens
        cached = self.residents.shared(tokens, generation.units)
        if len(tokens) - cached > min(SHORT_TOKENS, _SHORT_ROWS - rows):
            return False
        return all(reusable(part.generation.tokens, tokens) <= cached for part in parts)

    def _seat(self, generation: Generation, rows: int) -> bool:
        """Give it a sequence, and room for its prompt and the beginning of its answer.

        Args:
            rows: that the batch has already.

        Returns:
            False when it has to wait for others to end.
        """
        if generation.seat is None:
            generation.sit(self.residents.enter(generation.tokens, generation.units))
            if self._stitcher:
                self._stitcher.begin(generation)
        wanted = len(generation.rest()) + min(generation.to_come, _HEADROOM_TOKENS)
        # What is in evaluation for itself has its room already.
        wanted -= generation.tokens_in_workplaces
        return self.residents.make_room(rows + wanted)

    def _decode(self, parts: Sequence[_Part]) -> None:
        rows = [row for part in parts for row in _rows(part)]
        self.step_since_s = started_s = self._clock()
        try:
            self._decoder.decode(rows)
        finally:
            self.step_since_s = None
        answers = len(self._answers)
        # A batch that also turns what was moved says nothing about how long its rows take.
        if self._stitcher is None or not self._stitcher.has_moved():
            self._pace.note(len(rows) - answers, answers, self._clock() - started_s)
        self.work = self.work.plus(len(rows) - answers, answers)
        for part in parts:
            self.residents.extend(part.seat, part.tokens)

    def _draw(self, parts: Sequence[_Part]) -> None:
        """The next token of everyone whose last row has logits."""
        row = -1
        for part in parts:
            row += len(part.tokens)
            if not part.draws:
                continue
            ending: FinishReason | Failed | None
            try:
                ending = self._drawn(part.generation, row)
            except Exception:
                logger.exception("A generation failed")
                ending = _failure()
            if ending is not None:
                self._end(part.generation, ending)

    def _drawn(self, generation: Generation, row: int) -> FinishReason | None:
        if generation not in self._answers:
            self._prompts.remove(generation)
            self._answers.append(generation)
        sampler = generation.sampler
        if sampler is None:
            sampler = generation.began(self._decoder.sampler(generation.job.sampling))
        return generation.take(sampler.draw(row), self._vocabulary)

    def _end(self, generation: Generation, ending: FinishReason | Failed) -> None:
        for line in (self._prompts, self._answers):
            if generation in line:
                line.remove(generation)
        if generation.seat is not None:
            self._leave(generation)
            generation.seat = None
        generation.end(ending)

    def _leave(self, generation: Generation) -> None:
        """Its sequence is kept for those who begin like it."""
        if self._stitcher:
            self._stitcher.leave(generation)
        self.residents.release(_seat_of(generation))

    def _fail_all(self) -> None:
        """Everyone whose tokens were in the cache, and the prompt whose turn it was."""
        begun = [one for one in self._prompts if one.seat is not None] or list(self._prompts)[:1]
        failed = [*begun, *self._answers]
        for generation in failed:
            generation.seat = None
            generation.forget_units()
        self.residents.clear()
        for generation in failed:
            self._end(generation, _failure())


def sequences_for(slots: int) -> int:
    """How many the cache needs: as many again as slots are kept for those who begin like them."""
    return 2 * slots + UNITS_AT_ONCE if slots > 1 else 1


def _rows(part: _Part) -> Iterator[Row]:
    start, last = len(part.seat.tokens), len(part.tokens) - 1
    for at, token in enumerate(part.tokens):
        yield Row(token, start + at, part.seat.sequence, part.draws and at == last)


def _seat_of(generation: Generation) -> Resident:
    if generation.seat is None:
        raise RuntimeError("Only who has a sequence takes part in a batch.")
    return generation.seat


def _failure() -> Failed:
    return Failed(LLMUnavailableError("The language model failed. Try again."))
