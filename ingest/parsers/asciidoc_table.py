"""Tables of AsciiDoc: cells with their repetitions and spans, in rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_COPIES = 100
MAX_COLUMNS = 200
_COLUMNS = re.compile(r'cols\s*=\s*(?:"([^"]*)"|([^,\]\s]+))')
_CELL = re.compile(
    r"(?:(?:(?<=\s)|^)(?:(?P<times>\d{1,3})\*|(?:(?P<across>\d{1,3})?(?:\.(?P<down>\d{1,3}))?\+))?"
    r"(?:[<^>]?(?:\.[<^>])?)(?P<style>[adehlmsv])?)?(?<!\\)\|",
)


@dataclass
class _Cell:
    words: str
    across: int = 1
    down: int = 1


def read_table(lines: Sequence[str], attributes: str, separator: str = "|") -> list[list[str]]:
    """The rows of a table; merged cells are repeated, so that each row can be read by itself.

    Args:
        lines: those between the fences.
        attributes: what stands in brackets above the table.
        separator: "|", or "," of a table of comma-separated values.
    """
    if separator == ",":
        return [row for row in csv.reader(lines, skipinitialspace=True) if row]
    width = _width(attributes)
    cells: list[_Cell] = []
    for line in lines:
        found = list(_cells(line, cells))
        if not width and cells + found and line.strip():
            # Without a list of columns, the first line tells how many there are.
            width = sum(cell.across for cell in cells + found)
        cells += found
    return _rows(cells, max(1, min(MAX_COLUMNS, width)))


def _width(attributes: str) -> int:
    match = _COLUMNS.search(attributes)
    if match is None:
        return 0
    count = 0
    for column in (match[1] or match[2] or "").replace(";", ",").split(","):
        times = re.match(r"\s*(\d{1,3})\*", column)
        count += int(times[1]) if times else 1
    return count


def _cells(line: str, before: list[_Cell]) -> Iterator[_Cell]:
    """The cells that begin on a line; what stands before the first belongs to the last cell above."""
    marks = list(_CELL.finditer(line))
    head = line[: marks[0].start()] if marks else line
    if head.strip() and before:
        before[-1].words = f"{before[-1].words} {head.strip()}".strip()
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(line)
        words = line[mark.end() : end].strip().replace(r"\|", "|")
        for _ in range(min(MAX_COPIES, int(mark["times"] or 1))):
            yield _Cell(words, _bounded(mark["across"]), _bounded(mark["down"]))


def _bounded(count: str | None) -> int:
    return max(1, min(MAX_COPIES, int(count or 1)))


def _rows(cells: Sequence[_Cell], width: int) -> list[list[str]]:
    rows: list[list[str]] = []
    row: list[str] = []
    hanging: dict[int, tuple[str, int]] = {}
    for cell in cells:
        _fill(row, hanging, width)
        if len(row) >= width:
            rows.append(row)
            row = []
            _fill(row, hanging, width)
        for _ in range(min(cell.across, width - len(row))):
            if cell.down > 1:
                hanging[len(row)] = (cell.words, cell.down - 1)
            row.append(cell.words)
    _fill(row, hanging, width)
    return [*rows, row] if row else rows


def _fill(row: list[str], hanging: dict[int, tuple[str, int]], width: int) -> None:
    """Write the cells that reach down from above into the places that follow."""
    while len(row) < width and len(row) in hanging:
        words, left = hanging.pop(len(row))
        if left > 1:
            hanging[len(row)] = (words, left - 1)
        row.append(words)
