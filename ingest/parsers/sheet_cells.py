"""What an XLSX sheet says of its cells beside their values: their styles, and what of it is hidden.

Read by patterns over the bytes of the sheet, because a tree of millions of cells takes many times the time
and memory that the cells themselves take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.parsers.grid import Unseen

# Cells and rows with whatever they say of themselves; some programs write a prefix.
_TAG = re.compile(rb"<(?:\w{1,20}:)?(c|row)((?:\s[^<>]*?)?)/?>")
_ROW = re.compile(rb"<(?:\w{1,20}:)?row((?:\s[^<>]*?)?)/?>")
_PREFIXED = re.compile(rb"<\w{1,20}:c\s")
_PLACE = re.compile(rb'\sr="([A-Z]{0,3})(\d{1,7})"')
_STYLE = re.compile(rb'\ss="(\d{1,6})"')
_COLUMN = re.compile(rb"<(?:\w{1,20}:)?col\s([^<>]*?)/?>")
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
# Zero height and width hide as well as the switch does.
_FLAT = re.compile(rb'\b(?:ht|width)="0(?:\.0+)?"')
_OUTLINE = re.compile(rb'\boutlineLevel="[1-9]"')
_BORDERS = re.compile(rb'\b(min|max)="(\d{1,5})"')
_FILTERED = re.compile(rb"<(?:\w{1,20}:)?filterColumn\b")
_COLOURED = re.compile(rb"<(?:\w{1,20}:)?(?:conditionalFormatting|tableParts)\b")
MAX_COLUMNS = 16_384


def styled_cells(data: bytes, wanted: frozenset[int]) -> Iterator[tuple[int, int, int]]:
    """Row and column, from 0, and the style of each cell that has one of the wanted styles."""
    if not wanted:
        return
    if data.count(b"<c ") != data.count(b'<c r="') or b"<c>" in data or _PREFIXED.search(data):
        yield from _counted_cells(data, wanted)
        return
    styles = "|".join(map(str, sorted(wanted))).encode()
    columns: dict[bytes, int] = {}
    for letters, row, style in re.findall(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^<>]*? s="(%s)"' % styles, data):
        if letters not in columns:
            columns[letters] = column_number(letters) - 1
        yield int(row) - 1, columns[letters], int(style)


def _counted_cells(data: bytes, wanted: frozenset[int]) -> Iterator[tuple[int, int, int]]:
    """The same of any writing: cells that do not say where they are follow each other."""
    row, column = -1, -1
    for tag in _TAG.finditer(data):
        place = _PLACE.search(tag[2])
        if tag[1] == b"row":
            row, column = int(place[2]) - 1 if place else row + 1, -1
            continue
        column = column_number(place[1]) - 1 if place else column + 1
        style = _STYLE.search(tag[2])
        if style and int(style[1]) in wanted:
            yield row, column, int(style[1])


def unseen(data: bytes, *, filtered: bool) -> Unseen:
    """The hidden rows and columns of a sheet.

    Args:
        filtered: whether a table on it has a filter, which its own part tells.
    """
    by_filter = filtered or _FILTERED.search(data) is not None
    rows: set[int] = set()
    if not by_filter and (b'hidden="' in data or b' ht="0' in data):
        row = -1
        for tag in _ROW.finditer(data):
            place = _PLACE.search(tag[1])
            row = int(place[2]) - 1 if place else row + 1
            if _is_hidden(tag[1]):
                rows.add(row)
    columns: set[int] = set()
    for column in _COLUMN.finditer(data):
        borders = {side: int(number) for side, number in _BORDERS.findall(column[1])}
        if _is_hidden(column[1]) and b"min" in borders:
            first, last = borders[b"min"], min(borders.get(b"max", borders[b"min"]), MAX_COLUMNS)
            columns.update(range(first - 1, last))
    return Unseen(frozenset(rows), frozenset(columns))


def is_coloured(data: bytes) -> bool:
    """Whether cells may have a background that their own style does not tell of."""
    return _COLOURED.search(data) is not None


def column_number(letters: bytes) -> int:
    """The number from 1 of a column such as XFD."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _is_hidden(told: bytes) -> bool:
    return (_HIDDEN.search(told) or _FLAT.search(told)) is not None and _OUTLINE.search(told) is None
