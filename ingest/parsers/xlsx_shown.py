"""What the cells of an XLSX file show, in the place of the values that they hold."""

from __future__ import annotations

from collections.abc import Callable

from ingest.parsers.grid import Unseen, UnseenWords, cell_words
from ingest.parsers.ooxml import Package, words_of
from ingest.parsers.sheet_cells import is_coloured, styled_cells, unseen
from ingest.parsers.sheet_extras import sheet_parts
from ingest.parsers.sheet_styles import CellStyle, cell_styles

Values = list[list[object]]
# Of a sheet by its name, puts what cells show into the grid of their values, whose first cell is at a row and
# a column from 0; returns what of the sheet is hidden.
Show = Callable[[str, Values, int, int], Unseen]


def xlsx_shower(package: Package) -> Show:
    """For the sheets of a workbook, whose package stays open as long."""
    styles = cell_styles(package, package.main_part("xl/workbook.xml"))
    telling = frozenset(number for number, style in enumerate(styles) if not style.is_plain)
    parts = sheet_parts(package)

    def show(name: str, values: Values, top: int, left: int) -> Unseen:
        part = parts.get(name, "")
        data = package.data(part) or b""
        coloured = is_coloured(data)
        for row, column, style in styled_cells(data, telling):
            at, across = row - top, column - left
            if 0 <= at < len(values) and 0 <= across < len(values[at]):
                values[at][across] = _shown(values[at][across], styles[style], coloured=coloured)
        return unseen(data, filtered=_table_is_filtered(package, part))

    return show


def _shown(value: object, style: CellStyle, *, coloured: bool) -> object:
    """The words that a cell shows, or the value where its style says nothing of it."""
    if value == "" or value is None:
        return value
    shown = style.format.words(value) if style.format is not None else None
    words = value if shown is None else words_of(shown)
    hides = style.format is not None and style.format.hides_words and isinstance(value, str)
    if hides or (style.unseen and not coloured):
        return UnseenWords(cell_words(words))
    return words


def _table_is_filtered(package: Package, part: str) -> bool:
    tables = package.related(part, "table") if part else []
    return any(b"filterColumn" in (package.data(table) or b"") for table in tables)
