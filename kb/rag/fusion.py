"""A figure for how high several rankings put an item, when their scores cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def reciprocal_rank_scores(rankings: Iterable[Sequence[int]], k: int = 60) -> dict[int, float]:
    """The sum of 1 / (k + rank) over the rankings that hold an item, ranks from 1.

    Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods" (SIGIR 2009); k = 60 is theirs.

    Args:
        rankings: distinct ids, best first.

    Raises:
        ValueError: k is below 0.
    """
    if k < 0:
        raise ValueError("k must not be negative")
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, k + 1):
            scores[item] = scores.get(item, 0.0) + 1 / rank
    return scores
