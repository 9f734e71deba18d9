"""Words that somebody else chose, as a line of a terminal can show them."""

from __future__ import annotations


def printable(words: str) -> str:
    """With what would break the line, move the cursor, or has no character, written as an escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words)
