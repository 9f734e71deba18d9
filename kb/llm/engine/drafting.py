"""How much to draft: tokens that are guessed, and evaluated in the same batch as the last that is known.

Rows are dear on a CPU: a batch of eight takes four to five times as long as one. So a few guesses never pay,
and many only where most of them are likely to be right.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from kb.llm.engine.batches import ALIGNMENT
from kb.llm.engine.copying import Copying, Odds
from kb.llm.engine.row_costs import RowCosts

# More rows than these are not cheaper each.
MOST_ROWS = 32
# Who leaves is noticed between two batches, and within a second.
LONGEST_S = 0.7
# What the expectations must promise, since they may be wrong.
_LEAST_GAIN = math.log(1.05)


class Answer(Protocol):
    @property
    def copying(self) -> Copying | None: ...

    @property
    def to_come(self) -> int:
        """How many tokens it may still have."""


class Drafting:
    """Decides for each batch of answers.

    A draft is worth it where it speeds its own answer up by more, in proportion, than it slows all the others
    in the batch down: where the sum of the logarithms of everyone's speed grows. For a single answer that
    is its speed.

    Args:
        costs: learns what batches take.
    """

    def __init__(self, costs: RowCosts) -> None:
        self._costs = costs
        self._everyone = Odds()

    def follow(self, tokens: Sequence[int]) -> Copying:
        """Begin to look for copies in an answer to this prompt."""
        return Copying(tokens, self._everyone)

    def lengths(self, answers: Sequence[Answer]) -> list[int]:
        """How many tokens to draft for each answer."""
        count = rows = len(answers)
        alone_s = self._costs.seconds(count)
        promising = _promising(answers)
        taken: list[int] = []
        chosen, gain, best_gain = 0, 0.0, _LEAST_GAIN
        while rows < max(MOST_ROWS, count + ALIGNMENT):
            # Part of a tile costs about as much as a whole one.
            rows += ALIGNMENT - rows % ALIGNMENT
            duration_s = self._costs.seconds(rows)
            more = list(itertools.islice(promising, rows - count - len(taken)))
            if not more or duration_s > LONGEST_S:
                break
            taken += (which for which, _ in more)
            gain += sum(own for _, own in more)
            whole_gain = gain - count * math.log(duration_s / alone_s)
            if whole_gain > best_gain:
                chosen, best_gain = len(taken), whole_gain
        return [taken[:chosen].count(at) for at in range(count)]

    def note(self, answers: int, drafted: int, duration_s: float) -> None:
        """Learn from a batch of answers alone, with so many drafted tokens."""
        rows = answers + drafted
        if not drafted or rows % ALIGNMENT == 0:
            self._costs.note(rows, duration_s)


def _promising(answers: Sequence[Answer]) -> Iterator[tuple[int, float]]:
    """Whose draft gets the next token, the best first, and what that adds to the logarithm of its speed."""
    steps = [_gains(at, answer) for at, answer in enumerate(answers)]
    # Each becomes smaller from step to step, so that merging takes the best of all at any time.
    for loss, at in heapq.merge(*steps):
        yield at, -loss


def _gains(at: int, answer: Answer) -> Iterator[tuple[float, int]]:
    """What each further token of one draft adds, with its sign turned, so that the best sorts first."""
    if answer.copying is None:
        return
    speed = 1.0
    # The token after the last guess is drawn, too.
    for lasting in itertools.islice(answer.copying.lasting(), answer.to_come - 1):
        yield -math.log1p(lasting / speed), at
        speed += lasting
