"""Raised figures: a power, or the number of a note. Without their place they make another number."""

from __future__ import annotations

import re

_FIGURE = re.compile(r"\s*[+\-\u2212]?\d")


def is_raised_figure(words: str, before: str) -> bool:
    """Whether raised words would be read as a part of what stands before them: "10" and a raised "6".

    Args:
        before: what stands directly before them, at least its last character.
    """
    return _FIGURE.match(words) is not None and before[-1:].isalnum()


def raised(words: str, before: str) -> str:
    """Raised words as they are written in a line: "10^6"; ordinals ("1st") and trade marks as they are."""
    return f"^{words.lstrip()}" if is_raised_figure(words, before) else words
