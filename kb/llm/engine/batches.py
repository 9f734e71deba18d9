"""How a prompt is cut into batches, and how much of it need not be evaluated again."""

from __future__ import annotations

from collections.abc import Sequence

# Quantised matrix products of fewer rows than this, or of rows left over from a multiple of it, are summed
# in another order. Where cached and new tokens always meet at such a multiple, and no batch of a prompt is
# smaller, the logits are the same bits whether the prefix was cached or not.
ALIGNMENT = 8


def reusable(cached: Sequence[int], tokens: Sequence[int]) -> int:
    """How many tokens of the new prompt are in the cache already and may stay.

    At least one batch of the prompt is always left over: its last logits are needed.
    """
    most = min(len(cached), len(tokens) - ALIGNMENT)
    shared = next((at for at in range(most) if cached[at] != tokens[at]), max(most, 0))
    return shared - shared % ALIGNMENT


class BatchSize:
    """Batches as large as can be evaluated in a fraction of a second, so that cancelling takes no longer.

    Args:
        limit: the largest batch that the context takes; a multiple of ALIGNMENT.
        target_s: how long one batch may take.
    """

    def __init__(self, limit: int, target_s: float = 0.4) -> None:
        self._limit = limit
        self._target_s = target_s
        self._size = 4 * ALIGNMENT

    def next(self, remaining: int) -> int:
        """Tokens of the next batch, of those that remain. Never leaves fewer than ALIGNMENT for the last."""
        size = self._size
        if remaining <= size:
            return remaining
        if remaining - size < ALIGNMENT:
            return size - ALIGNMENT if size > ALIGNMENT else remaining
        return size

    def note(self, tokens: int, duration_s: float) -> None:
        """Learn from a batch how fast the machine is now."""
        if tokens < ALIGNMENT:
            return
        wanted = int(tokens / max(duration_s, 1e-6) * self._target_s)
        # At most twice as large as before: one lucky measurement must not make the next batch too long.
        size = min(wanted, 2 * max(self._size, tokens), self._limit)
        self._size = max(size - size % ALIGNMENT, ALIGNMENT)
