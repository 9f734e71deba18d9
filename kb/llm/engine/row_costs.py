"""What a batch costs by the number of its rows."""

from __future__ import annotations

import itertools
from bisect import bisect
from collections.abc import Mapping

# Weights of the newest measurement. Other programs slow all batches down for a while; what one size costs in
# relation to another changes slowly, with the length of prompts.
_SPEED, _SHAPE = 0.3, 0.1
# A size that is not tried is believed to cost again what was measured at first, after a few hundred batches.
_FORGOTTEN = 0.003
# One hiccup of the machine counts no more than this.
_MOST = 2.0


class RowCosts:
    """Learns from every batch of answers.

    Args:
        measured: seconds by rows, of a batch of each of two or more sizes.
    """

    def __init__(self, measured: Mapping[int, float]) -> None:
        self._first = _plausible(measured)
        self._now = dict(self._first)
        self._sizes = sorted(measured)
        self._slowness = 1.0

    def seconds(self, rows: int) -> float:
        """Of the next batch with so many rows; between two sizes that were seen, and beyond, on a line."""
        return self._slowness * self._reference(rows)

    def note(self, rows: int, duration_s: float) -> None:
        if rows not in self._now:
            self._first[rows] = self._now[rows] = self._reference(rows)
            self._sizes = sorted(self._now)
        ratio = min(max(duration_s / self.seconds(rows), 1 / _MOST), _MOST)
        self._slowness *= ratio**_SPEED
        self._now[rows] *= ratio**_SHAPE
        for size, first_s in self._first.items():
            self._now[size] += _FORGOTTEN * (first_s - self._now[size])

    def _reference(self, rows: int) -> float:
        if rows in self._now:
            return self._now[rows]
        at = min(max(bisect(self._sizes, rows), 1), len(self._sizes) - 1)
        low, high = self._sizes[at - 1 : at + 1]
        share = (rows - low) / (high - low)
        return max(self._now[low] + share * (self._now[high] - self._now[low]), self._now[self._sizes[0]])


def _plausible(measured: Mapping[int, float]) -> dict[int, float]:
    """Other programs only add time: no batch takes longer than a larger one, nor than several small ones."""
    costs = dict(measured)
    sizes = sorted(costs)
    for small, large in reversed(list(itertools.pairwise(sizes))):
        costs[small] = min(costs[small], costs[large])
    for small, large in itertools.pairwise(sizes):
        costs[large] = min(costs[large], costs[small] * -(-large // small))
    return costs
