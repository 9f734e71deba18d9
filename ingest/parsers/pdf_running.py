"""Headers, footers and page numbers: lines at the edge of a page that its neighbours have as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ingest.parsers.pdf_lines import Line

# Lines looked at from either edge of a page; a header of more is rare, and more would reach into tables.
EDGE_LINES = 3
# Pages looked at on either side: the running title of a chapter stands on its own pages only, and often on
# every second one.
WINDOW = 8
TOLERANCE_POINTS = 4.0
MAX_LINE_CHARS = 200
SHORT_DOCUMENT_PAGES = 8

_NUMBER = re.compile(r"\d{1,9}")


def drop_running_lines(pages: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], list[str]]:
    """Take headers, footers and page numbers away.

    A page of which nothing would be left keeps its lines.

    Returns:
        The pages, and what was dropped with 0 for every number, each once, in order.
    """
    edges = [(_edge(page, from_top=True), _edge(page, from_top=False)) for page in pages]
    kept: list[list[Line]] = []
    dropped: dict[str, None] = {}
    for number, page in enumerate(pages):
        running = {id(line) for side in (0, 1) for line in _running([edge[side] for edge in edges], number)}
        rest = [line for line in page if id(line) not in running]
        if running and rest:
            dropped.update((_folded(line), None) for line in page if id(line) in running)
        kept.append(rest or list(page))
    return kept, list(dropped)


def _edge(page: Sequence[Line], *, from_top: bool) -> list[Line]:
    """The outermost lines, outermost first."""
    return sorted(page, key=lambda line: -line.y if from_top else line.y)[:EDGE_LINES]


def _running(edges: Sequence[Sequence[Line]], number: int) -> Iterable[Line]:
    """From the edge inwards, as long as enough of the neighbours have the same line there."""
    first, end = max(0, number - WINDOW), min(len(edges), number + WINDOW + 1)
    needed = 2 if len(edges) < SHORT_DOCUMENT_PAGES else 3
    for line in edges[number]:
        others = (other for other in range(first, end) if other != number)
        found = sum(any(_same(line, twin, other - number) for twin in edges[other]) for other in others)
        if found < needed:
            return
        yield line


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
        return steps == {pages_on}
    return abs(line.y - twin.y) <= TOLERANCE_POINTS


def _numbers(line: Line) -> list[str]:
    return _NUMBER.findall(line.text[:MAX_LINE_CHARS])


def _folded(line: Line) -> str:
    return _NUMBER.sub("0", line.text[:MAX_LINE_CHARS])
