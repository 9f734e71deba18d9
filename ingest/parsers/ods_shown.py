"""What the cells of an ODS file show: the file holds the words beside the value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from lxml import etree

from ingest.parsers.grid import Unseen, cell_words
from ingest.parsers.odf_package import OFFICE, TABLE, TEXT
from ingest.parsers.ooxml import Package, words_of
from ingest.parsers.xlsx_shown import Show, Values
from ingest.parsers.xml_tree import Element

_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_GROUPS = (f"{TABLE}table-row-group", f"{TABLE}table-column-group")
_TAGS = (f"{TABLE}table", f"{TABLE}table-column", f"{TABLE}table-row", *_GROUPS)
_NUMBERS = frozenset({"float", "percentage", "currency", "time"})
MAX_SHOWN = 1_000_000
MAX_REPEATED = 1_048_576


@dataclass
class _Sheet:
    """Words by row and column from 0, where they differ from the value; and what is hidden."""

    words: dict[tuple[int, int], str] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)


def ods_shower(package: Package) -> Show:
    """For the sheets of a workbook; of one that is no ODS the values are shown."""
    sheets = _Content(package.data("content.xml") or b"").sheets

    def show(name: str, values: Values, top: int, left: int) -> Unseen:
        sheet = sheets.get(name, _Sheet())
        for (row, column), words in sheet.words.items():
            at, across = row - top, column - left
            if 0 <= at < len(values) and 0 <= across < len(values[at]):
                values[at][across] = words
        return Unseen(frozenset(sheet.rows), frozenset(sheet.columns))

    return show


class _Content:
    """Walks the sheets once and forgets each row behind it."""

    def __init__(self, data: bytes) -> None:
        self.sheets: dict[str, _Sheet] = {}
        self._sheet = _Sheet()
        self._row = self._column = self._tables = self._groups = self._shown = 0
        try:
            for event, element in _events(data):
                self._take(event, element)
        except etree.XMLSyntaxError:
            # What stands before the damage is known.
            return

    def _take(self, event: str, element: Element) -> None:
        step = 1 if event == "start" else -1
        if element.tag == f"{TABLE}table":
            self._tables += step
            if step == 1 and self._tables == 1:
                self._sheet = self.sheets.setdefault(element.get(f"{TABLE}name") or "", _Sheet())
                self._row = self._column = 0
        elif self._tables != 1:
            # A table within a cell.
            return
        elif element.tag in _GROUPS:
            self._groups += step
        elif step == -1 and element.tag == f"{TABLE}table-row":
            self._end_row(element)
        elif step == -1:
            self._column = self._hide(element, "columns", self._column, self._sheet.columns)

    def _hide(self, element: Element, what: str, at: int, hidden: set[int]) -> int:
        """Note whether a row or a column is hidden; where the next one is."""
        end = at + _repeated(element, what)
        if element.get(f"{TABLE}visibility") == "collapse" and not self._groups:
            hidden.update(range(at, end))
        return end

    def _end_row(self, row: Element) -> None:
        column = 0
        for cell in row:
            if cell.tag in _CELLS:
                repeated = _repeated(cell, "columns")
                self._cell(cell, column, repeated, _repeated(row, "rows"))
                column += repeated
        self._row = self._hide(row, "rows", self._row, self._sheet.rows)
        row.clear()
        above = row.getparent()
        while above is not None and row.getprevious() is not None:
            del above[0]

    def _cell(self, cell: Element, column: int, repeated: int, rows: int) -> None:
        words = _shown(cell)
        self._shown += repeated * rows if words else 0
        if not words or self._shown > MAX_SHOWN:
            return
        for row in range(self._row, self._row + rows):
            for at in range(column, column + repeated):
                self._sheet.words[row, at] = words


def _events(data: bytes) -> Iterator[tuple[str, Element]]:
    if not data:
        return iter(())
    return etree.iterparse(
        BytesIO(data),
        events=("start", "end"),
        tag=_TAGS,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )


def _shown(cell: Element) -> str:
    """The words of a cell with a number, a time or a day, where they are not the value itself."""
    kind = cell.get(f"{OFFICE}value-type")
    if kind not in _NUMBERS and kind != "date":
        return ""
    lines = [line for line in cell if line.tag == f"{TEXT}p"]
    texts = ("".join(line.itertext()) if len(line) else line.text for line in lines)
    words = " ".join(map(words_of, texts)).strip()
    if kind == "date":
        return _moment(cell.get(f"{OFFICE}date-value") or "", words)
    try:
        value = cell_words(float(cell.get(f"{OFFICE}value") or ""))
    except ValueError:
        value = ""
    return "" if words == value else words


def _moment(moment: str, words: str) -> str:
    """The day and as much of the time as is shown: which part of 01/03/2024 is the month is told nowhere."""
    day, _, clock = moment.partition("T")
    colons = words.count(":")
    if not words or not clock or not colons:
        return day if words else ""
    return f"{day} {':'.join(clock.split(':')[: colons + 1])}"


def _repeated(element: Element, what: str) -> int:
    told = element.get(f"{TABLE}number-{what}-repeated")
    if told is None:
        return 1
    return min(MAX_REPEATED, max(1, int(told))) if told.isdecimal() and len(told) < 8 else 1
