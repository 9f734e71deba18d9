"""Spreadsheets: XLSX and its kinds, XLSB, XLS and ODS; of formulas the last result, of macros nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.containers import ZIP, compound_properties
from ingest.parsers.grid import Grid, Unseen, cell_words, split_title, tables_in, without
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.odf_package import odf_properties
from ingest.parsers.ods_shown import ods_shower
from ingest.parsers.ooxml import Package
from ingest.parsers.sheet_extras import SheetExtras, extras_of, far_apart
from ingest.parsers.xlsx_shown import Show, xlsx_shower
from ingest.parsers.zip_guard import guarded_archive

MAX_CELLS = 3_000_000
MAX_MERGED_CELLS = 10_000
NOTHING = (
    "The cells of the spreadsheet are empty. If it shows words in text boxes, pictures or page headers, save "
    "it as PDF and upload that."
)
# Of XLS and XLSB the cells alone are read.
NOTHING_OLD = (
    "The cells of the spreadsheet are empty. If it shows words in text boxes, charts or comments, save it as "
    ".xlsx and upload that; if it shows pictures, save it as PDF."
)


class SpreadsheetParser:
    name = "spreadsheet"
    extensions = (".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".xlt", ".ods", ".ots")

    def parse(self, path: Path) -> ParsedDocument:
        with path.open("rb") as file:
            zipped = file.read(len(ZIP)) == ZIP
        if not zipped:
            title, metadata = compound_properties(path)
            reader = _Reader(lambda _: SheetExtras(), lambda *_: Unseen(), NOTHING_OLD)
            return reader.read(path, title, metadata)
        with guarded_archive(path) as archive:
            package = Package(archive)
            if far_apart(package):
                raise _too_large()
            extras = extras_of(package)
            properties = odf_properties(package)
            title, metadata = properties or package.properties
            show = xlsx_shower(package) if extras else ods_shower(package)
            binary = "xl/workbook.bin" in package.names()
            reader = _Reader(
                lambda name: extras.get(name, SheetExtras()), show, NOTHING_OLD if binary else NOTHING
            )
            return reader.read(path, title, metadata)


class _Reader:
    """Writes the sheets of one workbook.

    Args:
        extras: what hangs on a sheet, by its name.
        show: puts the words that cells show into their places.
        nothing: what to do about one that holds nothing.
    """

    def __init__(self, extras: Callable[[str], SheetExtras], show: Show, nothing: str) -> None:
        self._extras, self._show, self._nothing = extras, show, nothing
        self._out = MarkdownWriter()
        self._cells = 0
        self._left_out: list[str] = []

    def read(self, path: Path, title: str | None, metadata: dict[str, Any]) -> ParsedDocument:
        try:
            hidden = list(self._sheets(CalamineWorkbook.from_path(path)))
        except PasswordError as error:
            raise ParseError(
                "encrypted",
                "The spreadsheet is protected by a password. Save a copy without it and upload that.",
            ) from error
        except (CalamineError, ValueError, OSError) as error:
            raise _unreadable() from error
        except BaseException as error:
            # A panic of the library, which is no Exception.
            if type(error).__name__ != "PanicException":
                raise
            raise _unreadable() from None
        told = {"hidden_sheets": hidden, "left_out": self._left_out}
        return self._out.document(
            title, {**metadata, **{key: names for key, names in told.items() if names}}, self._nothing
        )

    def _sheets(self, workbook: CalamineWorkbook) -> Iterator[str]:
        """Write the sheets; the names of those that are hidden and hold anything."""
        for sheet in workbook.sheets_metadata:
            self._out.all_hidden = sheet.visible != SheetVisibleEnum.Visible
            grid: Grid = []
            if sheet.typ == SheetTypeEnum.WorkSheet:
                grid = self._grid(workbook.get_sheet_by_name(sheet.name))
            if _write(self._out, sheet.name, grid, self._extras(sheet.name)) and self._out.all_hidden:
                yield sheet.name
            self._out.all_hidden = False

    def _grid(self, sheet: CalamineSheet) -> Grid:
        """What the cells of a sheet show."""
        if sheet.height * sheet.width > MAX_CELLS - self._cells:
            raise _too_large()
        values: list[list[object]] = sheet.to_python()  # type: ignore[assignment]
        self._cells += sum(map(len, values))
        if not values or sheet.start is None:
            return []
        top, left = sheet.start
        unseen = self._show(sheet.name, values, top, left)
        grid = [[cell_words(value) for value in row] for row in values]
        _repeat_merged(grid, sheet, top, left)
        grid, left_out = without(grid, unseen, top, left)
        if left_out:
            self._left_out.append(f"{left_out} of the sheet {' '.join(sheet.name.split())}")
        return grid


def _repeat_merged(grid: Grid, sheet: CalamineSheet, top: int, left: int) -> None:
    """A merged cell is repeated, so that each row can be read by itself."""
    merged = 0
    for (first_row, first_column), (last_row, last_column) in sheet.merged_cell_ranges or ():
        rows = range(max(0, first_row - top), min(len(grid), last_row - top + 1))
        columns = range(max(0, first_column - left), min(len(grid[0]), last_column - left + 1))
        merged += len(rows) * len(columns)
        if merged > MAX_MERGED_CELLS:
            break
        for row in rows:
            for column in columns:
                grid[row][column] = grid[rows[0]][columns[0]]


def _write(out: MarkdownWriter, name: str, grid: Grid, extras: SheetExtras) -> bool:
    """Whether the sheet holds anything; an empty one is not named."""
    tables = list(tables_in(grid))
    if not (tables or extras.comments or extras.charts or extras.texts):
        return False
    out.heading(2, name)
    for table in tables:
        title, table = split_title(table)
        out.paragraph(title)
        if len(table) == 1 and len(table[0]) == 1:
            out.paragraph(table[0][0])
        else:
            out.table(table)
    for text in extras.texts:
        out.paragraph(text)
    for chart in extras.charts:
        out.paragraph(chart.title)
        out.table(chart.rows)
    for comment in extras.comments:
        out.paragraph(comment)
    return True


def _too_large() -> ParseError:
    return ParseError(
        "output_too_large",
        f"The spreadsheet has more than {MAX_CELLS:,} cells, or cells that are very far apart. Split it, or "
        "export the part that people ask about.",
    )


def _unreadable() -> ParseError:
    return ParseError(
        "unreadable",
        "The spreadsheet is damaged or of a very old kind. Open it in a spreadsheet program, save it as "
        ".xlsx and upload that.",
    )
