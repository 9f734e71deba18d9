"""What a row of a prompt costs, by how many tokens stand before it."""

from __future__ import annotations

# What each batch leaves of the weight of those before it: other programs come and go.
_KEPT = 0.95
# Depths that differ by less say nothing about what depth costs.
_LEAST_SPREAD = 50.0
# After a few batches, one hiccup of the machine counts no more than this.
_MOST, _FEW = 2.0, 3.0
_PRIOR_WEIGHT = 1e-3
# Where the line goes far below what was ever seen, it is not believed.
_LEAST = 0.25
# What is too dear to be tried is believed to be a little cheaper each time.
_DOUBT = 0.99


class RowTime:
    """A line through the last batches: attention walks through everything that stands before a row.

    Least squares with forgetting; the slope is never negative.

    Args:
        row_s: seconds a row, believed until the first batch, at any depth.
    """

    def __init__(self, row_s: float) -> None:
        self._weight = _PRIOR_WEIGHT
        self._depth = self._depth_squared = self._product = 0.0
        self._row_s = row_s * _PRIOR_WEIGHT

    def at(self, depth: int) -> float:
        """Seconds of a row behind so many tokens."""
        row_s, mean_depth = self._row_s / self._weight, self._depth / self._weight
        covariance = self._product / self._weight - row_s * mean_depth
        variance = self._depth_squared / self._weight - mean_depth**2
        slope = max(covariance, 0.0) / (variance + _LEAST_SPREAD**2)
        return max(row_s + slope * (depth - mean_depth), _LEAST * row_s)

    def note(self, row_s: float, depth: int) -> None:
        """Learn from a batch."""
        if self._weight > _FEW:
            row_s = min(row_s, _MOST * self.at(depth))
        self._weight = _KEPT * self._weight + 1
        self._row_s = _KEPT * self._row_s + row_s
        self._depth = _KEPT * self._depth + depth
        self._depth_squared = _KEPT * self._depth_squared + depth**2
        self._product = _KEPT * self._product + depth * row_s

    def doubt(self) -> None:
        """It is not used because it seems dear, so nothing would ever say that it has become cheaper."""
        self._row_s *= _DOUBT
        self._product *= _DOUBT
