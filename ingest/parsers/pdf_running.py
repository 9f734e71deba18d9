"""Headers, footers and page numbers: lines in the margin of a page that its neighbours have as well.

What is dropped can be neither found nor quoted. So a line only goes where it looks like no part of the text:
in the margin, set apart from what follows by space or by smaller letters, and not in larger ones. And where
it says more than the number of a page, it stays once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.parsers.pdf_lines import Line

# Lines looked at from either edge of a page; a header of more is rare, and more would reach into tables.
EDGE_LINES = 3
# Pages looked at on either side: the running title of a chapter stands on its own pages only, and often on
# every second one.
WINDOW = 8
TOLERANCE_POINTS = 4.0
MAX_LINE_CHARS = 200
SHORT_DOCUMENT_PAGES = 8
# Of the height of the text. Forms have the same lines on every page too, but not only in their margins.
MARGIN = 0.15
# A line is set apart by so many times the space between lines.
APART = 1.5
LARGER = 1.15
_LEAST_PITCH_POINTS = 1.0

_NUMBER = re.compile(r"\d{1,9}")
# "Article 3" on the third page counts articles.
_PART = re.compile(r"\W*([^\W\d_]+)\W*\d{1,9}\W*")
_PAGE_WORDS = frozenset(
    {"page", "pages", "p", "pg", "folio", "sheet", "slide"}
    | {"seite", "seiten", "s", "blatt", "folie", "sida", "side", "sivu"}
    | {"página", "páginas", "pág", "pagina", "pagine", "pag"}
    | {"strana", "strona", "str", "oldal", "sayfa", "стр", "страница"}
)
_OF = frozenset({"of", "von", "de", "sur", "di", "van", "av", "af", "z", "ze", "din", "из", "od"})
_ROMAN = re.compile(r"[ivxlc]+", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"\w+")
_UNIT = r"(?:[$€£¥₹%]|(?:EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|kr|zł|Fr)\b\.?)"
# A label and an amount of money, "Total: 100 EUR": six invoices may be about the same sum.
_AMOUNT = re.compile(rf"[^\W\d_].*[:\s](?:{_UNIT}\s?[\d.,' ]*\d[.,–-]*|\d[\d.,' –-]*{_UNIT})\W*$")


def drop_running_lines(pages: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], list[str]]:
    """Take headers, footers and page numbers away, where they repeat what is said already.

    What says more than the number of a page stays where it stands first, so that it can be found. A page of
    which nothing would be left keeps its lines.

    Returns:
        The pages, and what repeats, each once, in order: of lines that differ in numbers only, the first.
    """
    print_ = _Print.of(pages)
    tops = [_from(page, top=True) for page in pages]
    bottoms = [_from(page, top=False) for page in pages]
    running: list[set[int]] = []
    repeated: dict[str, Line] = {}
    for number, page in enumerate(pages):
        found = {
            id(line)
            for inwards in (tops, bottoms)
            for line in _running(inwards, number, print_, inwards is tops)
        }
        if len(found) == len(page):
            found = set()
        for line in page:
            if id(line) in found:
                repeated.setdefault(_folded(line), line)
        running.append(found)
    said = _said(
        line for page, found in zip(pages, running, strict=True) for line in page if id(line) not in found
    )
    first = {
        id(line)
        for line in repeated.values()
        if not is_page_label(line.text) and _said([line]).strip() not in said
    }
    kept = [
        [line for line in page if id(line) not in found or id(line) in first]
        for page, found in zip(pages, running, strict=True)
    ]
    return kept, [line.text[:MAX_LINE_CHARS] for line in repeated.values()]


def is_page_label(text: str) -> bool:
    """Whether a line says which page it is and nothing else: "Page 7 of 90", "– iv –", "2024-03-01"."""
    return all(
        word.casefold() in _PAGE_WORDS | _OF or _ROMAN.fullmatch(word) for word in _LETTERS.findall(text)
    )


def _said(lines: Iterable[Line]) -> str:
    """The words of lines, to be looked for in those of others."""
    return f" {' '.join(word for line in lines for word in _WORD.findall(line.text.casefold()))} "


@dataclass(frozen=True)
class _Print:
    """How the pages are printed.

    Attributes:
        height: of the highest line, in points.
        size: that most characters have.
    """

    height: float
    size: float

    @classmethod
    def of(cls, pages: Sequence[Sequence[Line]]) -> _Print:
        sizes: Counter[float] = Counter()
        for page in pages:
            for line in page:
                sizes[line.size] += len(line.text)
        height = max((line.y for page in pages for line in page), default=0.0)
        return cls(height, sizes.most_common(1)[0][0] if sizes else 0.0)

    def allows(self, line: Line, *, top: bool) -> bool:
        """Whether a header or footer may stand there in such letters."""
        from_edge = self.height - line.y if top else line.y
        return from_edge <= MARGIN * self.height and line.size <= LARGER * self.size


def _from(page: Sequence[Line], *, top: bool) -> list[Line]:
    """All lines, from an edge inwards."""
    return sorted(page, key=lambda line: -line.y if top else line.y)


def _running(inwards: Sequence[Sequence[Line]], number: int, print_: _Print, top: bool) -> Sequence[Line]:
    """From the edge inwards, as long as enough of the neighbours have the same line there."""
    found = list(_repeated([lines[:EDGE_LINES] for lines in inwards], number, print_, top))
    lines = inwards[number]
    while found and not _is_apart(found[-1], lines[len(found) :]):
        found.pop()
    return found


def _repeated(edges: Sequence[Sequence[Line]], number: int, print_: _Print, top: bool) -> Iterable[Line]:
    first, end = max(0, number - WINDOW), min(len(edges), number + WINDOW + 1)
    needed = 2 if len(edges) < SHORT_DOCUMENT_PAGES else 3
    for line in edges[number]:
        others = (other for other in range(first, end) if other != number)
        found = sum(any(_same(line, twin, other - number) for twin in edges[other]) for other in others)
        if found < needed or not print_.allows(line, top=top) or _AMOUNT.search(line.text):
            return
        yield line


def _is_apart(line: Line, inner: Sequence[Line]) -> bool:
    """Whether space or smaller letters part the line from those that follow inwards."""
    if not inner or line.size < inner[0].size:
        return True
    steps = [abs(one.y - other.y) for one, other in pairwise(inner)]
    pitch = median([step for step in steps if step > _LEAST_PITCH_POINTS] or [1.2 * line.size])
    return abs(line.y - inner[0].y) >= APART * pitch


def _same(line: Line, twin: Line, pages_on: int) -> bool:
    if line.size != twin.size or _folded(line) != _folded(twin):
        return False
    steps = {
        int(theirs) - int(ours)
        for ours, theirs in zip(_numbers(line), _numbers(twin), strict=True)
        if ours != theirs
    }
    if steps:
        # Numbers that count the pages; other figures that change belong to the text.
        return steps == {pages_on} and not _counts_parts(line)
    return abs(line.y - twin.y) <= TOLERANCE_POINTS


def _counts_parts(line: Line) -> bool:
    part = _PART.fullmatch(line.text)
    return part is not None and part[1].casefold() not in _PAGE_WORDS


def _numbers(line: Line) -> list[str]:
    return _NUMBER.findall(line.text[:MAX_LINE_CHARS])


def _folded(line: Line) -> str:
    return _NUMBER.sub("0", line.text[:MAX_LINE_CHARS])
