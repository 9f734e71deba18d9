"""Raised figures of a PDF: smaller and higher than the character before them."""

from __future__ import annotations

from typing import Protocol

from ingest.parsers.raised import raised

# Of the size of the character before them.
MAX_SIZE = 0.85
LEAST_RISE = 0.12
_SIGNS = frozenset("+-\u2212")


class Characters(Protocol):
    """The characters of a page; both in points."""

    def size(self, index: int) -> float: ...

    def base_line(self, index: int) -> float: ...


def with_raised(text: Characters, first: int, letters: str) -> str:
    """A word with its raised figures apart: "50^1".

    Args:
        first: the index of the word's first character.
        letters: the word, a letter for each character from there.
    """
    written, at = letters[:1], 1
    while at < len(letters):
        end = at
        while _may_be_raised(letters, end) and _is_raised(text, first + at - 1, first + end):
            end += 1
        if end == at:
            written += letters[at]
            at += 1
            continue
        written += raised(letters[at:end], written)
        at = end
    return written


def _may_be_raised(letters: str, at: int) -> bool:
    letter = letters[at : at + 1]
    return letter.isdigit() or (letter in _SIGNS and letters[at + 1 : at + 2].isdigit())


def _is_raised(text: Characters, before: int, index: int) -> bool:
    size = text.size(before)
    if not 0 < text.size(index) <= MAX_SIZE * size:
        return False
    return text.base_line(index) - text.base_line(before) >= LEAST_RISE * size
