"""Continuous batching: many answers decode together while prompts are evaluated in turn.

Knows no llama.cpp: the model side is the protocol `Decoder`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from kb.exceptions import LLMUnavailableError
from kb.llm.engine.batches import Pace, reusable
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.generation import SHORT_TOKENS, Generation, Job, Sampler, Vocabulary
from kb.llm.engine.part import Part, Row, seat_of
from kb.llm.engine.residents import Memory, Residents
from kb.llm.types import Failed, FinishReason, Sampling, Work

logger = logging.getLogger(__name__)

# Of the batch that short prompts share: small enough for the answers that wait for it.
_SHORT_ROWS = 128
# So much of an answer must fit in before its prompt is evaluated, so that it need not give way at once.
_HEADROOM_TOKENS = 64


class Decoder(Memory, Protocol):
    """A model and its cache."""

    def decode(self, rows: Sequence[Row]) -> None:
        """Evaluate one batch; rows of one sequence follow each other. Raises when it cannot."""

    def sampler(self, sampling: Sampling) -> Sampler: ...


class Scheduler:
    """Belongs to one thread.

    Prompts are evaluated first come, first served and one at a time: taking turns would make each of them
    late. Long ones are cut into pieces, and with each piece every running answer gets its next token.

    Nobody reserves room for the longest answer that was asked for: most are shorter. Where the cache becomes
    full, the answer that began last stops, and goes on as a prompt when there is room again.

    Args:
        slots: how many generations have a place in the cache at once.
        cells: tokens that the cache has room for, at least as many as the longest prompt and answer.
        drafting: decides how many tokens are guessed and evaluated at once; None, and none are.
        clock: seconds that never go back.

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
        drafting: Drafting | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._slots = slots
        self._pace = pace
        self._drafting = drafting
        self._clock = clock
        self._prompts: deque[Generation] = deque()
        self._answers: list[Generation] = []
        self.residents = Residents(decoder, sequences_for(slots), cells)
        self.step_since_s: float | None = None
        self.work = Work()

    @property
    def is_idle(self) -> bool:
        return not self._prompts and not self._answers

    def add(self, job: Job) -> None:
        self._prompts.append(Generation(job))

    def step(self) -> None:
        """Evaluate one batch, of everyone whose turn it is."""
        self._drop_cancelled()
        try:
            self._make_room_for_answers()
            parts = list(self._prompt_parts())
            parts += self._answer_parts(alone=not parts)
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
            self.residents.release(seat_of(last))
            last.stand_up()
            if begun is None:
                self._prompts.appendleft(last)

    def _prompt_parts(self) -> Iterator[Part]:
        """The next piece of the prompt whose turn it is, and short prompts behind it that fit in whole."""
        rows = len(self._answers)
        parts: list[Part] = []
        for generation in self._prompts:
            if len(self._answers) + len(parts) >= self._slots:
                return
            if parts and not self._fits_behind(generation, parts, rows):
                return
            if not self._seat(generation, rows):
                return
            rest = generation.rest()
            size = len(rest)
            if not generation.is_short:
                size = self._pace.piece(size, rows, brief=generation.is_brief)
            parts.append(Part(generation, rest[:size], int(size == len(rest))))
            yield parts[-1]
            rows += size
            if size < len(rest):
                return

    def _answer_parts(self, *, alone: bool) -> list[Part]:
        """The last token of every answer, and guesses behind it, for which prompts leave no time.

        Args:
            alone: nothing else is in the batch.
        """
        lengths = [0] * len(self._answers)
        if self._drafting is not None and self._answers and alone:
            lengths = self._drafting.lengths(self._answers)
            if any(lengths) and not self.residents.make_room(len(lengths) + sum(lengths)):
                lengths = [0] * len(lengths)
        return [
            Part(one, [one.drawn, *one.guesses(length)], 1 + length)
            for one, length in zip(self._answers, lengths, strict=True)
        ]

    def _fits_behind(self, generation: Generation, parts: Sequence[Part], rows: int) -> bool:
        """Whether a prompt is short, and would not begin with one of those in the batch if it waited."""
        tokens = generation.tokens
        cached = self.residents.shared(tokens)
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
            generation.sit(self.residents.enter(generation.tokens))
        wanted = len(generation.rest()) + min(generation.to_come, _HEADROOM_TOKENS)
        return self.residents.make_room(rows + wanted)

    def _decode(self, parts: Sequence[Part]) -> None:
        rows = [row for part in parts for row in part.rows()]
        self.step_since_s = started_s = self._clock()
        try:
            self._decoder.decode(rows)
        finally:
            self.step_since_s = None
        duration_s, answers = self._clock() - started_s, len(self._answers)
        drafted = sum(len(part.guesses) for part in parts)
        prompt_rows = len(rows) - answers - drafted
        if not drafted:
            self._pace.note(prompt_rows, answers, duration_s)
        if self._drafting is not None and not prompt_rows:
            self._drafting.note(answers, drafted, duration_s)
        self.work = self.work.plus(prompt_rows, answers, drafted)
        for part in parts:
            self.residents.extend(seat_of(part.generation), part.tokens)

    def _draw(self, parts: Sequence[Part]) -> None:
        """The next tokens of everyone whose last rows have logits."""
        end = 0
        for part in parts:
            end += len(part.tokens)
            if not part.draws:
                continue
            ending: FinishReason | Failed | None
            try:
                ending = self._drawn(part, end - part.draws)
            except Exception:
                logger.exception("A generation failed")
                ending = _failure()
            if ending is not None:
                self._end(part.generation, ending)

    def _drawn(self, part: Part, row: int) -> FinishReason | None:
        """Draw after the last known token, and after each guess that was right.

        Args:
            row: of the last known token.
        """
        generation = part.generation
        if generation not in self._answers:
            self._prompts.remove(generation)
            self._answers.append(generation)
        sampler = generation.sampler
        if sampler is None:
            sampler = generation.began(self._decoder.sampler(generation.job.sampling), self._drafting)
        guesses, right = part.guesses, 0
        ending = generation.take(sampler.draw(row), self._vocabulary)
        while ending is None and right < len(guesses) and guesses[right] == generation.drawn:
            right += 1
            ending = generation.take(sampler.draw(row + right), self._vocabulary)
        if guesses:
            self.residents.shorten(seat_of(generation), len(guesses) - right)
            generation.note_guesses(right, len(guesses) - right)
            self.work = self.work.right(right)
        return ending

    def _end(self, generation: Generation, ending: FinishReason | Failed) -> None:
        for line in (self._prompts, self._answers):
            if generation in line:
                line.remove(generation)
        if generation.seat is not None:
            self.residents.release(generation.seat)
            generation.seat = None
        generation.end(ending)

    def _fail_all(self) -> None:
        """Everyone whose tokens were in the cache, and the prompt whose turn it was."""
        begun = [one for one in self._prompts if one.seat is not None] or list(self._prompts)[:1]
        failed = [*begun, *self._answers]
        for generation in failed:
            generation.seat = None
        self.residents.clear()
        for generation in failed:
            self._end(generation, _failure())


def sequences_for(slots: int) -> int:
    """How many the cache needs: as many again as slots are kept for those who begin like them."""
    return 2 * slots if slots > 1 else 1


def _failure() -> Failed:
    return Failed(LLMUnavailableError("The language model failed. Try again."))
