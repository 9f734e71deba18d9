"""From printed lines back to paragraphs, list items, headings and tables, as Markdown."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.parsers.base import BlockKind
from ingest.parsers.headings import plain_heading
from ingest.parsers.pdf_hyphens import Hyphens
from ingest.parsers.pdf_lines import Line
from ingest.parsers.pdf_tables import find_tables

MAX_HEADING_LINES = 3
MAX_HEADING_CHARS = 160
# Larger than the running text by this factor, a short line is a heading.
HEADING_SCALE = 1.15
# A gap of this many usual line distances ends a paragraph.
PARAGRAPH_GAP = 1.3
# A line shorter than this share of the widest one ended because its author ended it.
FULL_LINE_SHARE = 0.8

_LIST_MARK = re.compile(r"(?:[•▪■●○◦‣∙·–—*\ue000-\uf8ff-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s")
_BULLET = re.compile(r"[^\w\s(-]\s+")
_SENTENCE_END = (".", "!", "?", ":", ";", "。")


@dataclass(frozen=True)
class Style:
    """What is usual in the whole document.

    Attributes:
        body_size: the size of most characters.
        body_bold: whether most characters of that size are bold.
        heading_levels: a level from 1 for each size above the body size.
        outline: the level of each outline title, by `heading_key`.
        hyphens: which hyphens at line ends are part of their words.
    """

    body_size: float
    body_bold: bool
    heading_levels: Mapping[float, int]
    outline: Mapping[str, int]
    hyphens: Hyphens


@dataclass
class Paragraph:
    kind: BlockKind
    text: str
    level: int = 0
    lines: list[Line] = field(default_factory=list)


def heading_key(title: str) -> str:
    """Letters and digits only, so that an outline title finds its line."""
    return "".join(filter(str.isalnum, plain_heading(title).casefold()))


def document_style(pages: Iterable[Sequence[Line]], outline: Mapping[str, int]) -> Style:
    """Learn the running text's size, the larger sizes and the words from all lines."""
    pages = list(pages)
    sizes: Counter[tuple[float, bool]] = Counter()
    for line in (line for page in pages for line in page):
        sizes[line.size, line.bold] += len(line.text)
    body_size, body_bold = sizes.most_common(1)[0][0] if sizes else (0.0, False)
    larger = {size for size, _ in sizes if size >= HEADING_SCALE * body_size}
    return Style(body_size, body_bold, _levels(larger), outline, Hyphens.of(pages))


def _levels(sizes: Set[float]) -> dict[float, int]:
    """Levels 1 to 5 for sizes, largest first; sizes within a tenth of each other share one.

    Where there are more than five, the smallest keep levels of their own: the largest are those of a cover.
    """
    ranks: dict[float, int] = {}
    top, rank = math.inf, 0
    for size in sorted(sizes, reverse=True):
        if size < 0.9 * top:
            top, rank = size, rank + 1
        ranks[size] = rank
    return {size: max(1, position - max(0, rank - 5)) for size, position in ranks.items()}


def page_paragraphs(lines: Sequence[Line], style: Style) -> Iterator[Paragraph]:
    """Group the lines of one page."""
    text: list[Line] = []
    for found in find_tables(lines):
        if isinstance(found, Line):
            text.append(found)
            continue
        yield from _text_paragraphs(text, style)
        text = []
        yield Paragraph("table", found.markdown())
    yield from _text_paragraphs(text, style)


def _text_paragraphs(lines: Sequence[Line], style: Style) -> Iterator[Paragraph]:
    widths: dict[float, int] = {}
    for line in lines:
        widths[line.size] = max(widths.get(line.size, 0), len(line.text))
    for group in _groups(lines, style):
        level = _heading_level(group, style)
        if level:
            words = " ".join(line.text for line in group)
            yield Paragraph("heading", f"{'#' * level} {words}", level)
        else:
            text = _join(group, FULL_LINE_SHARE * widths[group[0].size], style.hyphens)
            item = _LIST_MARK.match(text) is not None
            if item:
                text = _BULLET.sub("- ", text, count=1) if _BULLET.match(text) else text
            yield Paragraph("list_item" if item else "paragraph", text, int(item))


def _groups(lines: Sequence[Line], style: Style) -> Iterator[list[Line]]:
    leading = _leading(lines)
    group: list[Line] = []
    for line in lines:
        if group and _begins_paragraph(group, line, leading, style):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance of two lines on this page, in points."""
    steps = [
        above.y - line.y
        for above, line in pairwise(lines)
        if above.size == line.size and 0 < above.y - line.y < 3 * max(line.size, 1.0)
    ]
    return statistics.median_low(steps) if steps else 0.0


def _begins_paragraph(group: Sequence[Line], line: Line, leading: float, style: Style) -> bool:
    above = group[-1]
    if line.size != above.size or line.bold != above.bold or _LIST_MARK.match(line.text):
        return True
    if heading_key(above.text) in style.outline or heading_key(line.text) in style.outline:
        return True
    step = above.y - line.y
    ended = above.text.endswith(_SENTENCE_END)
    if step <= 0 or step > 3 * PARAGRAPH_GAP * max(leading, line.size):
        # The next column: a sentence in the middle goes on there.
        return ended or not line.text[0].islower()
    if leading and step > PARAGRAPH_GAP * leading:
        return True
    # A first line set in from the left.
    return ended and line.x > above.x + line.size and above.x <= group[0].x


def _heading_level(group: Sequence[Line], style: Style) -> int:
    """The level of a heading from 1, or 0 for text."""
    text = " ".join(line.text for line in group)
    if len(group) > MAX_HEADING_LINES or len(text) > MAX_HEADING_CHARS or not any(map(str.isalpha, text)):
        return 0
    outlined = style.outline.get(heading_key(text))
    if outlined:
        return outlined
    if text.endswith((".", ",", ";")) or text[0].islower():
        return 0
    line = group[0]
    if line.size in style.heading_levels:
        return style.heading_levels[line.size]
    # Bold text of the usual size: one line, and words rather than the figures of a total.
    plain = len(group) > 1 or not line.bold or style.body_bold or line.size < style.body_size
    if plain or sum(map(str.isdigit, text)) > len(text) / 4 or _LIST_MARK.match(text):
        return 0
    return min(6, max(style.heading_levels.values(), default=0) + 1)


def _join(group: Sequence[Line], full: float, hyphens: Hyphens) -> str:
    """Join the lines of a paragraph: with a space where the line was full, else with a line end."""
    text = group[0].text
    for above, line in pairwise(group):
        joined = hyphens.join(text, above.text, line.text)
        if joined is None:
            joined = text + (" " if len(above.text) >= full else "\n") + line.text
        text = joined
    return text.replace("\u00ad", "")
