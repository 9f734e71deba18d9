"""Where a document changes between what a reader sees and what is hidden.

A chunk that holds hidden words is withheld whole. So no chunk goes on over such a place: a hidden slide must
not take the slides around it with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ingest.parsers.base import Block, ParsedDocument

Span = tuple[int, int]


def sight_borders(parsed: ParsedDocument) -> list[int]:
    """Where blocks begin that are hidden and the one before is not, or the other way round; ascending.

    A block is hidden where all its words are. One that is hidden in part stays whole.
    """
    if not parsed.hidden:
        return []
    spans = sorted(parsed.hidden)
    blocks = sorted(parsed.blocks, key=lambda block: block.start)
    unseen = [_is_hidden(parsed.text, block, spans) for block in blocks]
    return [
        block.start
        for block, now, before in zip(blocks[1:], unseen[1:], unseen, strict=False)
        if now != before
    ]


def cut(start: int, end: int, borders: Sequence[int]) -> Iterator[Span]:
    """The parts of [start, end) between those of the borders that lie inside of it."""
    inside = borders[bisect_left(borders, start + 1) : bisect_left(borders, end)]
    yield from zip([start, *inside], [*inside, end], strict=True)


def _is_hidden(text: str, block: Block, spans: Sequence[Span]) -> bool:
    position, words = block.start, False
    # The span before the first that begins in the block may reach into it.
    for start, end in spans[max(0, bisect_left(spans, (block.start, block.start)) - 1) :]:
        if start >= block.end:
            break
        if any(map(str.isalnum, text[position : max(position, start)])):
            return False
        words = words or end > position
        position = max(position, end)
    return words and not any(map(str.isalnum, text[position : block.end]))
