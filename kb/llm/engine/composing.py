"""Who has what in the next batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from kb.llm.engine.batches import TILED_ROWS, Pace, reusable
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.generation import Generation
from kb.llm.engine.part import Part, seat_of
from kb.llm.engine.residents import Residents
from kb.llm.engine.stitching import Stitcher
from kb.llm.engine.task import SHORT_TOKENS, Task

# Of the batch that short prompts share: small enough for the answers that wait for it.
_SHORT_ROWS = 128
# So much of an answer must fit in before its prompt is evaluated, so that it need not give way at once.
_HEADROOM_TOKENS = 64


class Composer:
    """Prompts are evaluated first come, first served, and every running answer gets its next token.

    A small piece of a prompt shares its batch with the answers, and leaves no time for guesses; a large one
    and the answers take turns.

    Args:
        slots: how many answers there may be at once.
        drafting: decides how many tokens are guessed; None, and none are.
        stitcher: of units; None evaluates them like the rest of a prompt.
    """

    def __init__(
        self,
        slots: int,
        residents: Residents,
        pace: Pace,
        drafting: Drafting | None,
        stitcher: Stitcher | None,
    ) -> None:
        self._slots = slots
        self._residents = residents
        self._pace = pace
        self._drafting = drafting
        self._stitcher = stitcher
        self._answers_turn = False

    def compose(self, prompts: Collection[Task], answers: Sequence[Generation]) -> list[Part]:
        """The parts of the next batch; there is room for all of them.

        Args:
            prompts: in the order of their turns.
        """
        if answers and self._answers_turn:
            self._answers_turn = False
            return self._answer_parts(answers, alone=True)
        parts = list(self._prompt_parts(prompts, len(answers)))
        self._answers_turn = sum(len(part.tokens) for part in parts) >= TILED_ROWS
        if answers and self._answers_turn:
            return parts
        return parts + self._answer_parts(answers, alone=not parts)

    def _prompt_parts(self, prompts: Collection[Task], answers: int) -> Iterator[Part]:
        """The next piece of the prompt whose turn it is, and short prompts behind it that fit in whole."""
        rows = answers
        parts: list[Part] = []
        for at, task in enumerate(prompts):
            if answers + len(parts) >= self._slots:
                return
            if parts and not self._fits_behind(task, parts, rows):
                return
            if not self._seat(task, rows):
                return
            behind = len(prompts) - at - 1
            if begun := list(self._unit_parts(task, rows, behind)):
                yield from begun
                return
            size = self._stitcher.advance(task) if self._stitcher else len(task.rest())
            if not task.is_short:
                size = self._piece(task, size, rows, behind)
            rest = task.rest()
            parts.append(Part(task, seat_of(task), rest[:size], int(size == len(rest))))
            yield parts[-1]
            rows += size
            if size < len(rest):
                return

    def _unit_parts(self, task: Task, rows: int, behind: int) -> Iterator[Part]:
        """The next rows of units of its prompt that nobody has evaluated yet."""
        remaining = self._stitcher.to_evaluate(task) if self._stitcher else 0
        if self._stitcher and remaining:
            size = self._piece(task, remaining, rows, behind)
            for workplace, tokens in self._stitcher.pieces(task, size):
                yield Part(task, workplace, tokens, 0)

    def _piece(self, task: Task, remaining: int, rows: int, behind: int) -> int:
        depth = len(seat_of(task).tokens)
        return self._pace.piece(remaining, rows, depth=depth, brief=task.is_brief, behind=behind)

    def _answer_parts(self, answers: Sequence[Generation], *, alone: bool) -> list[Part]:
        """The last token of every answer, and guesses behind it.

        Args:
            alone: nothing else is in the batch.
        """
        lengths = [0] * len(answers)
        if self._drafting is not None and answers and alone:
            lengths = self._drafting.lengths(answers)
            if any(lengths) and not self._residents.make_room(len(lengths) + sum(lengths)):
                lengths = [0] * len(lengths)
        return [
            Part(one, seat_of(one), [one.drawn, *one.guesses(length)], 1 + length)
            for one, length in zip(answers, lengths, strict=True)
        ]

    def _fits_behind(self, task: Task, parts: Sequence[Part], rows: int) -> bool:
        """Whether a prompt is short, and would not begin with one of those in the batch if it waited."""
        tokens = task.tokens
        cached = self._residents.shared(tokens, task.units)
        if len(tokens) - cached > min(SHORT_TOKENS, _SHORT_ROWS - rows):
            return False
        return all(reusable(part.task.tokens, tokens) <= cached for part in parts)

    def _seat(self, task: Task, rows: int) -> bool:
        """Give it a sequence, and room for its prompt and the beginning of its answer.

        Args:
            rows: that the batch has already.

        Returns:
            False when it has to wait for others to end.
        """
        if task.seat is None:
            task.sit(self._residents.enter(task.tokens, task.units))
            if self._stitcher:
                self._stitcher.begin(task)
        wanted = len(task.rest()) + min(task.to_come, _HEADROOM_TOKENS)
        # What is in evaluation for itself has its room already.
        wanted -= task.tokens_in_workplaces
        return self._residents.make_room(rows + wanted)
