"""A printed line with what its look says: where it stands, how large and how bold it is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ingest.parsers.base import normalise_text

_LIGATURES = {
    **{0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"},
    0xA0: " ",
}
# The dots between a title and its page number.
_LEADER = re.compile(r"\s?(?:[._·…]\s?){6,}")
_BOLD_FONT = re.compile(r"bold|black|heavy|semibd|demi", re.IGNORECASE)


@dataclass(frozen=True)
class Word:
    """Letters without a space between them; `x` to `x_end` in points from the left edge of the page."""

    text: str
    x: float
    x_end: float


@dataclass(frozen=True)
class Line:
    """One line as printed.

    Attributes:
        x, y: where it begins, in points from the lower left corner.
        size: of most of its characters, in half points rounded.
        bold: whether all of it is.
        words: in order; empty where only the text is known.
    """

    text: str
    x: float = 0.0
    y: float = 0.0
    size: float = 0.0
    bold: bool = False
    words: tuple[Word, ...] = ()


def clean_line(text: str) -> str:
    """One line of what a reader sees: single spaces, ligatures as letters, dot leaders as one ellipsis."""
    one_line = " ".join(normalise_text(text).translate(_LIGATURES).split())
    return _LEADER.sub(" … ", one_line).strip()


def half_points(size: float) -> float:
    return round(2 * size) / 2 if math.isfinite(size) else 0.0


def finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def is_bold_font(name: str) -> bool:
    return _BOLD_FONT.search(name) is not None
