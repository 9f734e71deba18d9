"""Continuous batching: many answers decode together while prompts are evaluated in turn.

Knows no llama.cpp: the model side is the protocol `Decoder`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from kb.exceptions import KBError, LLMUnavailableError
from kb.llm.engine.batches import Pace
from kb.llm.engine.composing import Composer
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.generation import Generation, Sampler, Vocabulary
from kb.llm.engine.part import Part, Row, seat_of
from kb.llm.engine.residents import Memory, Residents, kept_sequences
from kb.llm.engine.scoring import Logits, Scoring, score
from kb.llm.engine.stitching import Rows, Stitcher
from kb.llm.engine.task import Job, Task
from kb.llm.engine.units import UnitStore
from kb.llm.types import Failed, FinishReason, Sampling, Work

logger = logging.getLogger(__name__)


class Decoder(Memory, Rows, Protocol):
    """A model and its cache."""

    def decode(self, rows: Sequence[Row]) -> None:
        """Evaluate one batch; rows of one sequence follow each other. Raises when it cannot."""

    def logits(self, row: int) -> Logits:
        """float32 [vocabulary] of one row of the last batch that wanted them; valid until the next batch."""

    def sampler(self, sampling: Sampling) -> Sampler: ...


class Scheduler:
    """Belongs to one thread.

    Prompts are evaluated first come, first served and one at a time: taking turns would make each of them
    late. Long ones are cut into pieces, and with each piece, or after it, every running answer gets its next
    token.

    Nobody reserves room for the longest answer that was asked for: most are shorter. Where the cache becomes
    full, the answer that began last stops, and goes on as a prompt when there is room again.

    Args:
        slots: how many generations have a place in the cache at once.
        cells: tokens that the cache has room for, at least as many as the longest prompt and answer.
        drafting: decides how many tokens are guessed and evaluated at once; None, and none are.
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
        drafting: Drafting | None = None,
        clock: Callable[[], float] = time.monotonic,
        store: UnitStore | None = None,
        again: int = 0,
    ) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._pace = pace
        self._drafting = drafting
        self._clock = clock
        self._prompts: deque[Task] = deque()
        self._answers: list[Generation] = []
        self.residents = Residents(decoder, kept_sequences(slots), cells)
        self._stitcher = Stitcher(decoder, self.residents, store, again) if store is not None else None
        self._composer = Composer(slots, self.residents, pace, drafting, self._stitcher)
        self.step_since_s: float | None = None
        self.work = Work()

    @property
    def is_idle(self) -> bool:
        return not self._prompts and not self._answers

    def add(self, job: Job) -> None:
        kind = Scoring if job.prompt.continuations else Generation
        self._prompts.append(kind(job, with_units=self._stitcher is not None))

    def step(self) -> None:
        """Evaluate one batch, of everyone whose turn it is."""
        self._drop_cancelled()
        try:
            self._make_room_for_answers()
            parts = self._composer.compose(self._prompts, self._answers)
            if parts:
                self._decode(parts)
        except Exception:
            logger.exception("A batch failed")
            self._fail_all()
        else:
            self._draw(parts)
            self._score([part.task for part in parts if part.draws])

    def _drop_cancelled(self) -> None:
        for task in [*self._prompts, *self._answers]:
            if task.job.is_cancelled():
                self._end(task, "cancelled")

    def _make_room_for_answers(self) -> None:
        """Room for one more token of each, if need be at the expense of those that began last."""
        while not self.residents.make_room(len(self._answers)):
            begun = next((one for one in reversed(self._prompts) if one.seat is not None), None)
            last: Task = begun or self._answers.pop()
            self._leave(last)
            last.stand_up()
            if begun is None:
                self._prompts.appendleft(last)

    def _decode(self, parts: Sequence[Part]) -> None:
        rows = [row for part in parts for row in part.rows()]
        duration_s = self._evaluate(rows)
        answers = sum(part.task in self._answers for part in parts)
        drafted = sum(len(part.guesses) for part in parts)
        prompt_rows = len(rows) - answers - drafted
        # A batch that also turns what was moved says nothing about how long its rows take.
        if self._stitcher is None or not self._stitcher.has_moved():
            self._note(prompt_rows, answers, drafted, duration_s, depth=len(parts[0].seat.tokens))
        self.work = self.work.plus(prompt_rows, answers, drafted)
        for part in parts:
            self.residents.extend(part.seat, part.tokens)

    def _note(self, prompt_rows: int, answers: int, drafted: int, duration_s: float, depth: int) -> None:
        """Learn how long such batches take.

        Args:
            depth: tokens before the first part, which is of a prompt where there is one.
        """
        if not drafted:
            self._pace.note(prompt_rows, answers, duration_s, depth)
        if self._drafting is not None and not prompt_rows:
            self._drafting.note(answers, drafted, duration_s)

    def _evaluate(self, rows: Sequence[Row]) -> float:
        """One batch; how many seconds it took."""
        self.step_since_s = started_s = self._clock()
        try:
            self._decoder.decode(rows)
        finally:
            self.step_since_s = None
        return self._clock() - started_s

    def _draw(self, parts: Sequence[Part]) -> None:
        """The next tokens of everyone whose last rows have logits."""
        end = 0
        for part in parts:
            end += len(part.tokens)
            if not part.draws:
                continue
            ending: FinishReason | Failed | None
            try:
                ending = self._read(part, end - part.draws)
            except KBError as error:
                ending = Failed(error)
            except Exception:
                logger.exception("A generation failed")
                ending = _failure()
            if ending is not None:
                self._end(part.task, ending)

    def _read(self, part: Part, row: int) -> FinishReason | None:
        """What the logits of the last batch say, from that row on."""
        task = part.task
        if isinstance(task, Generation):
            return self._drawn(task, part, row)
        if isinstance(task, Scoring):
            task.began(self._decoder.logits(row))
        return None

    def _score(self, tasks: Sequence[Task]) -> None:
        """Continuations of prompts that are evaluated, after everyone has drawn: the logits go."""
        for task in tasks:
            if isinstance(task, Scoring) and task.seat is not None:
                try:
                    ending = score(task, task.seat, self.residents, self._pace, self._evaluate_more)
                except Exception:
                    logger.exception("The continuations of a prompt failed")
                    self._fail_all()
                    return
                self._end(task, ending)

    def _evaluate_more(self, rows: Sequence[Row]) -> Callable[[int], Logits]:
        self._evaluate(rows)
        self.work = self.work.plus(len(rows), 0, 0)
        return self._decoder.logits

    def _drawn(self, generation: Generation, part: Part, row: int) -> FinishReason | None:
        """Draw after the last known token, and after each guess that was right.

        Args:
            row: of the last known token.
        """
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

    def _end(self, task: Task, ending: FinishReason | Failed) -> None:
        if task in self._prompts:
            self._prompts.remove(task)
        self._answers = [one for one in self._answers if one is not task]
        if task.seat is not None:
            self._leave(task)
            task.seat = None
        task.end(ending)

    def _leave(self, task: Task) -> None:
        """Its sequence is kept for those who begin like it."""
        if self._stitcher:
            self._stitcher.leave(task)
        self.residents.release(seat_of(task))

    def _fail_all(self) -> None:
        """Everyone whose tokens were in the cache, and the prompt whose turn it was."""
        begun = [one for one in self._prompts if one.seat is not None] or list(self._prompts)[:1]
        failed = [*begun, *self._answers]
        for task in failed:
            task.seat = None
            task.forget_units()
        self.residents.clear()
        for task in failed:
            self._end(task, _failure())


def _failure() -> Failed:
    return Failed(LLMUnavailableError("The language model failed. Try again."))
