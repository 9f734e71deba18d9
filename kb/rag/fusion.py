"""Merging rankings whose scores cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[int]], k: int = 60, weights: Sequence[float] | None = None
) -> list[tuple[int, float]]:
    """Fuse rankings by the sum of weight / (k + rank), ranks from 1.

    Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods" (SIGIR 2009); k = 60 is theirs.

    Args:
        rankings: ids, best first. An id counts once per ranking, at its best rank.
        weights: one per ranking; all 1 when omitted.

    Returns:
        (id, rrf_score), best first. Equal scores keep an order that does not depend on the order of the
        rankings: the better best rank first, then the smaller id.

    Raises:
        ValueError: weights do not fit the rankings, or k is below 0.
    """
    if weights is None:
        weights = [1.0] * len(rankings)
    if len(weights) != len(rankings):
        raise ValueError("one weight for each ranking is needed")
    if k < 0:
        raise ValueError("k must not be negative")
    parts: dict[int, list[float]] = {}
    best_rank: dict[int, int] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, item in enumerate(dict.fromkeys(ranking), 1):
            parts.setdefault(item, []).append(weight / (k + rank))
            best_rank[item] = min(rank, best_rank.get(item, rank))
    # Sorted before they are added: floating-point sums depend on the order of their terms.
    scored = [(item, sum(sorted(terms))) for item, terms in parts.items()]
    return sorted(scored, key=lambda pair: (-pair[1], best_rank[pair[0]], pair[0]))
