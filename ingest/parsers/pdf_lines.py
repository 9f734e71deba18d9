"""The lines of a PDF page with what their look says: where they stand, how large and how bold they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PageObject

from ingest.parsers.base import normalise_text

_LIGATURES = {
    **{0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"},
    0xA0: " ",
}
# The dots between a title and its page number.
_LEADER = re.compile(r"\s?(?:[._·…]\s?){6,}")
_BOLD_FONT = re.compile(r"bold|black|heavy|semibd|demi", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """One line as printed.

    Attributes:
        x, y: where it begins, in points from the lower left corner.
        size: of most of its characters, in half points rounded.
        bold: whether all of it is.
    """

    text: str
    x: float = 0.0
    y: float = 0.0
    size: float = 0.0
    bold: bool = False


@dataclass(frozen=True)
class _Run:
    text: str
    x: float
    y: float
    size: float
    bold: bool


def page_lines(page: PageObject) -> list[Line]:
    """Read a page in the order in which its text is drawn, without blank lines."""
    runs: list[_Run] = []

    def visit(text: str, to_page: Any, to_text: Any, font: Any, size: float) -> None:
        if text:
            runs.append(_run(text, to_page, to_text, font, size))

    page.extract_text(visitor_text=visit)
    return [line for line in map(_line, _split_lines(runs)) if line.text]


def _run(text: str, to_page: list[float], to_text: list[float], font: Any, size: float) -> _Run:
    # Where the text begins and how much it is scaled: the last row and the second row of the product of the
    # text matrix and the page matrix (PDF 32000-1, 9.4.4).
    x = to_text[4] * to_page[0] + to_text[5] * to_page[2] + to_page[4]
    y = to_text[4] * to_page[1] + to_text[5] * to_page[3] + to_page[5]
    scale = math.hypot(
        to_text[2] * to_page[0] + to_text[3] * to_page[2], to_text[2] * to_page[1] + to_text[3] * to_page[3]
    )
    height = abs(size) * scale
    name = str(font.get("/BaseFont", "")) if font else ""
    height = round(2 * height) / 2 if math.isfinite(height) else 0.0
    return _Run(text, _finite(x), _finite(y), height, bool(_BOLD_FONT.search(name)))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _split_lines(runs: list[_Run]) -> Iterator[list[_Run]]:
    line: list[_Run] = []
    for run in runs:
        first, *others = run.text.split("\n")
        line.append(_Run(first, run.x, run.y, run.size, run.bold))
        for text in others:
            yield line
            line = [_Run(text, run.x, run.y, run.size, run.bold)]
    yield line


def _line(runs: list[_Run]) -> Line:
    text = " ".join(normalise_text("".join(run.text for run in runs)).translate(_LIGATURES).split())
    text = _LEADER.sub(" … ", text).strip()
    inked = [run for run in runs if run.text.strip()]
    if not text or not inked:
        return Line("")
    sizes: Counter[float] = Counter()
    for run in inked:
        sizes[run.size] += len(run.text)
    bold = all(run.bold for run in inked)
    return Line(text, inked[0].x, inked[0].y, sizes.most_common(1)[0][0], bold)
