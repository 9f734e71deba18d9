"""Spreadsheets: XLSX and its kinds, XLSB, XLS and ODS; of formulas the last result, of macros nothing."""

from __future__ import annotations

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
from ingest.parsers.grid import Grid, cell_words, split_title, tables_in
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.odf_package import odf_properties
from ingest.parsers.ooxml import Package
from ingest.parsers.sheet_extras import SheetExtras, extras_of, far_apart
from ingest.parsers.zip_guard import guarded_archive

MAX_CELLS = 3_000_000
MAX_MERGED_CELLS = 10_000
NOTHING = "The spreadsheet holds no values. Check that it was saved completely and upload it again."


class SpreadsheetParser:
    name = "spreadsheet"
    extensions = (".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".xlt", ".ods", ".ots")

    def parse(self, path: Path) -> ParsedDocument:
        with path.open("rb") as file:
            zipped = file.read(len(ZIP)) == ZIP
        title, metadata = (None, {}) if zipped else compound_properties(path)
        extras: dict[str, SheetExtras] = {}
        if zipped:
            with guarded_archive(path) as archive:
                package = Package(archive)
                title, metadata = odf_properties(package) or package.properties
                if far_apart(package):
                    raise _too_large()
                extras = extras_of(package)
        return _read(path, title, metadata, extras)


def _read(
    path: Path, title: str | None, metadata: dict[str, Any], extras: dict[str, SheetExtras]
) -> ParsedDocument:
    out = MarkdownWriter()
    cells = 0
    hidden = []
    try:
        workbook = CalamineWorkbook.from_path(path)
        for sheet in workbook.sheets_metadata:
            out.all_hidden = sheet.visible != SheetVisibleEnum.Visible
            grid: Grid = []
            if sheet.typ == SheetTypeEnum.WorkSheet:
                grid = _grid(workbook.get_sheet_by_name(sheet.name), MAX_CELLS - cells)
                cells += sum(map(len, grid))
            if _write(out, sheet.name, grid, extras.get(sheet.name)) and out.all_hidden:
                hidden.append(sheet.name)
            out.all_hidden = False
    except PasswordError as error:
        raise ParseError(
            "encrypted", "The spreadsheet is protected by a password. Save a copy without it and upload that."
        ) from error
    except (CalamineError, ValueError, OSError) as error:
        raise _unreadable() from error
    except BaseException as error:
        # A panic of the library, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable() from None
    if hidden:
        metadata = {**metadata, "hidden_sheets": hidden}
    return out.document(title, metadata, NOTHING)


def _grid(sheet: CalamineSheet, left: int) -> Grid:
    """The values of a sheet as words; a merged cell is repeated, so that each row can be read by itself."""
    if sheet.height * sheet.width > left:
        raise _too_large()
    grid = [[cell_words(value) for value in row] for row in sheet.to_python()]
    if not grid or sheet.start is None:
        return []
    top, left_column = sheet.start
    merged = 0
    for (first_row, first_column), (last_row, last_column) in sheet.merged_cell_ranges or ():
        rows = range(max(0, first_row - top), min(len(grid), last_row - top + 1))
        columns = range(max(0, first_column - left_column), min(len(grid[0]), last_column - left_column + 1))
        merged += len(rows) * len(columns)
        if merged > MAX_MERGED_CELLS:
            break
        for row in rows:
            for column in columns:
                grid[row][column] = grid[rows[0]][columns[0]]
    return grid


def _write(out: MarkdownWriter, name: str, grid: Grid, extras: SheetExtras | None) -> bool:
    """Whether the sheet holds anything; an empty one is not named."""
    tables = list(tables_in(grid))
    extras = extras or SheetExtras()
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
