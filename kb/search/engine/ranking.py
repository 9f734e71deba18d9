"""Cutting a ranking so that equal scores are not decided by where something happens to be stored."""

from __future__ import annotations

from collections.abc import Callable

Hits = list[tuple[int, float]]

_MOST_EQUAL = 4096


def best(fetch: Callable[[int], Hits], limit: int) -> Hits:
    """The best hits, equal ones by ascending id.

    Boilerplate that many documents share gives equal scores. An index returns any of them at the cut, which
    would make results differ after a restart, so more are fetched until all equal ones are there; beyond
    4,096 it does not matter any more.

    Args:
        fetch: the best n ids and scores, or all when there are fewer, best first.
        limit: 1 or more.
    """
    wanted = limit + 1
    hits = fetch(wanted)
    while len(hits) == wanted and hits[-1][1] == hits[limit - 1][1] and wanted < limit + _MOST_EQUAL:
        wanted = min(2 * wanted, limit + _MOST_EQUAL)
        hits = fetch(wanted)
    return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:limit]
