"""Cells of a sheet: how they are written, and which of them form a table."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from itertools import groupby

from ingest.parsers.ooxml import words_of

Grid = list[list[str]]
# Blank rows within blank columns within blank rows …
MAX_CUTS = 6


def cell_words(value: object) -> str:
    """A value as a person reads it: 3 for 3.0, 2.9 for 2.8999999999999999, a day without midnight."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return words_of(str(value)) if value is not None else ""


def tables_in(grid: Grid, cuts: int = 0) -> Iterator[Grid]:
    """The tables of a sheet, from the top: parts between blank rows, and of these between blank columns."""
    parts = list(_between_blanks(grid))
    if cuts < MAX_CUTS and (len(parts) > 1 or (cuts and parts)):
        for part in parts:
            yield from _side_by_side(part, cuts)
    elif parts:
        yield from _side_by_side(parts[0], cuts)


def split_title(table: Grid) -> tuple[str, Grid]:
    """A title that was merged over all columns of a table, and the rows below it."""
    first = table[0]
    if len(table) > 1 and len(first) > 1 and first[0] and len(set(first)) == 1:
        return first[0], table[1:]
    return "", table


def _side_by_side(part: Grid, cuts: int) -> Iterator[Grid]:
    columns = list(_between_blanks(_turned(part)))
    if len(columns) == 1 or cuts >= MAX_CUTS:
        yield _turned(columns[0])
        return
    for column in columns:
        yield from tables_in(_turned(column), cuts + 1)


def _between_blanks(rows: Sequence[list[str]]) -> Iterator[Grid]:
    for filled, group in groupby(rows, key=any):
        if filled:
            yield list(group)


def _turned(grid: Grid) -> Grid:
    return [list(column) for column in zip(*grid, strict=True)]
