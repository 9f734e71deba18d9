"""Cells of a sheet: how they are written, and which of them form a table."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.parsers.markup import hide
from ingest.parsers.ooxml import words_of

Grid = list[list[str]]
# Blank rows within blank columns within blank rows …
MAX_CUTS = 6


class UnseenWords(str):
    """What a cell holds and does not show."""


@dataclass(frozen=True)
class Unseen:
    """Rows and columns of a sheet, from 0, that whoever opens it does not see and is not told of.

    What a filter hides, and what is folded away under a plus sign, is not among them: the sheet shows that it
    is there.
    """

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()


def cell_words(value: object) -> str:
    """A value as a person reads it: 3 for 3.0, 2.9 for 2.8999999999999999, a day without midnight."""
    if isinstance(value, UnseenWords):
        return hide(words_of(value))
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


def without(grid: Grid, unseen: Unseen, top: int, left: int) -> tuple[Grid, str]:
    """The grid without rows and columns that nobody sees, and what was left out, in words.

    Args:
        top, left: the place of the first cell of the grid on its sheet.
    """
    rows = {at - top for at in unseen.rows if 0 <= at - top < len(grid)}
    columns = {at - left for at in unseen.columns if grid and 0 <= at - left < len(grid[0])}
    if not rows and not columns:
        return grid, ""
    filled_rows = sum(any(grid[at]) for at in rows)
    filled_columns = sum(any(row[at] for row in grid) for at in columns)
    kept = [
        [cell for column, cell in enumerate(row) if column not in columns]
        for at, row in enumerate(grid)
        if at not in rows
    ]
    told = [_counted(filled_rows, "hidden row"), _counted(filled_columns, "hidden column")]
    return kept, " and ".join(filter(None, told))


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


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""
