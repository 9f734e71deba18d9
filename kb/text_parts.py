"""Long texts in parts, so that what is computed of them takes no more memory than one part needs."""

from __future__ import annotations

from collections.abc import Iterator

_BORDERS = ("\n\n", "\n", " ")


def parts_of(text: str, most: int) -> Iterator[tuple[int, int]]:
    """[start, end) of parts of at most so many characters, which cover the text.

    They end behind a blank line, a line or a word, the first of these that there is in the second half of a
    part; else where they must.
    """
    start = 0
    while start < len(text):
        end = min(start + most, len(text))
        if end < len(text):
            end = _border(text, start + most // 2, end)
        yield start, end
        start = end


def _border(text: str, least: int, most: int) -> int:
    for border in _BORDERS:
        at = text.rfind(border, least, most)
        if at >= 0:
            return at + len(border)
    return most
