"""Tables in a PDF: lines whose words stand in columns.

A PDF says nothing about tables. Only what is beyond doubt becomes one: at least three rows in at least two
columns that most rows fill, and cells that are not prose in columns. All other lines stay lines.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.parsers.pdf_lines import Line, clean_line

MIN_ROWS = 3
MAX_COLUMNS = 40
# A gap between two words that is wider than this factor of their size separates cells.
CELL_GAP = 1.0
# Rows further apart than this factor of the size are not of one table.
MAX_ROW_STEP = 4.0
# Lines with one cell that may follow each other inside a table: wrapped words, or the title of a group.
MAX_LONELY_LINES = 2
# Of the places in a table, at least this share is filled.
MIN_FILLED = 0.5
# Of the cells, at most this share may stand across columns.
MAX_ACROSS = 0.2
# Two columns with more characters than this in their usual cell are prose.
PROSE_CHARS = 32

_BEFORE_NUMBER = frozenset({"$", "€", "£", "¥", "US$", "(", "$(", "($"})
_AFTER_NUMBER = frozenset({")", "%", ")%", "%)"})


@dataclass(frozen=True)
class Cell:
    text: str
    x: float
    x_end: float


@dataclass(frozen=True)
class Table:
    """Rows of equally many cells, as text; the first is the header."""

    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        header, *body = (
            "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in self.rows
        )
        return "\n".join([header, "|" + " - |" * len(self.rows[0]), *body])


def find_tables(lines: Sequence[Line]) -> Iterator[Line | Table]:
    """The lines of a page in order, with tables in the places of their lines."""
    cells = [_cells(line) for line in lines]
    at = 0
    while at < len(lines):
        end = _end_of_run(lines, cells, at)
        table = _table(cells[at:end])
        if table is None:
            yield from lines[at : max(end, at + 1)]
        else:
            yield table
        at = max(end, at + 1)


def _cells(line: Line) -> list[Cell]:
    cells: list[Cell] = []
    for word in line.words:
        last = cells[-1] if cells else None
        joins = last is not None and (
            word.x - last.x_end <= CELL_GAP * line.size
            or last.text in _BEFORE_NUMBER
            or word.text in _AFTER_NUMBER
            or (len(cells) == 1 and _is_list_mark(last.text))
        )
        if last is not None and joins:
            cells[-1] = Cell(f"{last.text} {word.text}", last.x, max(last.x_end, word.x_end))
        else:
            cells.append(Cell(word.text, word.x, word.x_end))
    return cells


def _is_list_mark(text: str) -> bool:
    return len(text) <= 4 and not text[-1].isalnum() and not text.isdecimal()


def _end_of_run(lines: Sequence[Line], cells: Sequence[Sequence[Cell]], start: int) -> int:
    """Where the lines from `start` that may be one table end; `start` itself when there is none."""
    if len(cells[start]) < 2:
        return start
    end, lonely = start + 1, 0
    for at in range(start + 1, len(lines)):
        step = lines[at - 1].y - lines[at].y
        if not 0 < step <= MAX_ROW_STEP * max(lines[at].size, 1.0):
            break
        lonely = 0 if len(cells[at]) > 1 else lonely + 1
        if lonely > MAX_LONELY_LINES:
            break
        if lonely == 0:
            end = at + 1
    return end


def _table(rows: Sequence[Sequence[Cell]]) -> Table | None:
    full = [row for row in rows if len(row) > 1]
    if len(full) < MIN_ROWS:
        return None
    usual = statistics.median_low(len(row) for row in full)
    columns = _columns([row for row in full if len(row) >= usual])
    if not 2 <= len(columns) <= MAX_COLUMNS:
        return None
    placed = [[_column_of(cell, columns) for cell in row] for row in full]
    across = sum(last > first for row in placed for first, last in row)
    count = sum(map(len, placed))
    if across > MAX_ACROSS * count or count < MIN_FILLED * len(full) * len(columns) or _is_prose(full):
        return None
    return Table(tuple(_texts(rows, columns)))


def _columns(rows: Sequence[Sequence[Cell]]) -> list[tuple[float, float]]:
    """Where cells of different rows stand above each other: unions of overlapping extents, left to right."""
    columns: list[tuple[float, float]] = []
    for x, x_end in sorted((cell.x, cell.x_end) for row in rows for cell in row):
        if columns and x < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], x_end))
        else:
            columns.append((x, x_end))
    return columns


def _column_of(cell: Cell, columns: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """First and last column that the cell touches; the nearest one where it touches none."""
    touched = [at for at, (x, x_end) in enumerate(columns) if cell.x < x_end and cell.x_end > x]
    if touched:
        return touched[0], touched[-1]
    nearest = min(range(len(columns)), key=lambda at: abs(columns[at][0] - cell.x))
    return nearest, nearest


def _is_prose(rows: Sequence[Sequence[Cell]]) -> bool:
    """Two columns of text on the same base lines: most rows have more than one long cell."""
    return 2 * sum(sum(len(cell.text) > PROSE_CHARS for cell in row) > 1 for row in rows) > len(rows)


def _texts(
    rows: Sequence[Sequence[Cell]], columns: Sequence[tuple[float, float]]
) -> Iterator[tuple[str, ...]]:
    """The cells as text, row by row; what is wrapped inside a later column joins the row above it."""
    texts: list[list[str]] = []
    for row in rows:
        places = [(_column_of(cell, columns)[0], cell) for cell in row]
        if len(row) == 1 and texts and places[0][0] > 0:
            target = texts[-1]
        else:
            target = [""] * len(columns)
            texts.append(target)
        for column, cell in places:
            target[column] = clean_line(f"{target[column]} {cell.text}")
    return map(tuple, texts)
