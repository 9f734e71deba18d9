"""A place for what a question names to the letter."""

from __future__ import annotations

from collections.abc import Sequence

PLACES = 3


def first_places(ranked: Sequence[int], holders: Sequence[Sequence[int]]) -> list[int]:
    """Order chunks so that everything named to the letter is held by one of the first three.

    A ranking by meaning may put a dozen chunks about certificates before the one with the error code that
    was asked for. The best holder of each named thing, by the given order, comes among the first three; the
    others keep their order.

    Args:
        ranked: chunks, best first.
        holders: for each thing that the question names, the chunks that hold it, best first; those that are
            not ranked count as ranked last. Beyond three things the first three count.
    """
    if not any(holders):
        return list(ranked)
    place = {chunk: at for at, chunk in enumerate(ranked)}
    for group in holders:
        for chunk in group:
            place.setdefault(chunk, len(place))
    everything = sorted(place, key=place.__getitem__)
    chosen = {min(group, key=place.__getitem__) for group in holders[:PLACES] if group}
    fillers = [chunk for chunk in everything if chunk not in chosen][: PLACES - len(chosen)]
    first = sorted([*chosen, *fillers], key=place.__getitem__)
    return [*first, *(chunk for chunk in everything if chunk not in first)]
