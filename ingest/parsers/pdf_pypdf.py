"""The lines of a PDF page as pypdf reads them, for the pages on which PDFium finds nothing sound."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PageObject

from ingest.parsers.pdf_lines import Line, clean_line, finite, half_points, is_bold_font


@dataclass(frozen=True)
class _Run:
    text: str
    x: float
    y: float
    size: float
    bold: bool


def pypdf_lines(page: PageObject) -> list[Line]:
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
    name = str(font.get("/BaseFont", "")) if font else ""
    return _Run(text, finite(x), finite(y), half_points(abs(size) * scale), is_bold_font(name))


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
    text = clean_line("".join(run.text for run in runs))
    inked = [run for run in runs if run.text.strip()]
    if not text or not inked:
        return Line("")
    sizes: Counter[float] = Counter()
    for run in inked:
        sizes[run.size] += len(run.text)
    bold = all(run.bold for run in inked)
    return Line(text, inked[0].x, inked[0].y, sizes.most_common(1)[0][0], bold)
