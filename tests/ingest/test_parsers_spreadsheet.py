"""Spreadsheets: tables apart from each other, values as people read them, comments, and hidden sheets."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.grid import cell_words, tables_in
from ingest.parsers.spreadsheet import SpreadsheetParser
from tests.ingest.office_files import (
    A,
    R,
    S,
    archive,
    hidden_words,
    odf_parts,
    parsed,
    relations,
    sheet_data,
    xlsx_parts,
)


def read(folder: Path, parts: dict[str, str | bytes]) -> ParsedDocument:
    return parsed(SpreadsheetParser(), archive(folder / "stored", parts))


def test_sheet_is_a_heading_and_tables(tmp_path: Path) -> None:
    data = sheet_data(["Country", "EUR"], ["DE", 28], ["AT", 26.5], [], ["Rate", "from"], [0.1, 2024])
    assert read(tmp_path, xlsx_parts({"Rates": data})).text == (
        "## Rates\n\n| Country | EUR |\n| --- | --- |\n| DE | 28 |\n| AT | 26.5 |\n\n"
        "| Rate | from |\n| --- | --- |\n| 0.1 | 2024 |"
    )


def test_tables_side_by_side_are_apart() -> None:
    grid = [["a", "b", "", "x"], ["1", "2", "", "y"], ["", "", "", "z"]]
    assert list(tables_in(grid)) == [[["a", "b"], ["1", "2"]], [["x"], ["y"], ["z"]]]


@given(st.lists(st.lists(st.sampled_from(["", "a", "b"]), min_size=4, max_size=4), max_size=8))
def test_no_value_is_lost_or_doubled_by_cutting_a_sheet(grid: list[list[str]]) -> None:
    cut = sorted(value for table in tables_in(grid) for row in table for value in row if value)
    assert cut == sorted(value for row in grid for value in row if value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3.0, "3"),
        (-0.5, "-0.5"),
        (2.8999999999999999, "2.9"),
        (1e300, "1e+300"),
        (True, "True"),
        ("", ""),
        (datetime.datetime(2024, 3, 1), "2024-03-01"),
        (datetime.datetime(2024, 3, 1, 9, 30), "2024-03-01 09:30:00"),
        (datetime.date(2024, 3, 1), "2024-03-01"),
        (datetime.timedelta(hours=2), "2:00:00"),
    ],
)
def test_values_are_written_as_people_read_them(value: object, words: str) -> None:
    assert cell_words(value) == words


def test_title_that_is_merged_over_a_table_stands_above_it(tmp_path: Path) -> None:
    data = sheet_data(["Rates", None], ["Country", "EUR"], ["DE", 28])
    merged = f'{data}<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
    assert read(tmp_path, xlsx_parts({"A": merged})).text == (
        "## A\n\nRates\n\n| Country | EUR |\n| --- | --- |\n| DE | 28 |"
    )


def test_merged_cells_are_repeated_so_that_each_row_can_be_read_alone(tmp_path: Path) -> None:
    data = sheet_data(["Kind", "Days"], ["Paid", 20], [None, 10])
    merged = f'{data}<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'
    assert read(tmp_path, xlsx_parts({"A": merged})).text.endswith("| Paid | 20 |\n| Paid | 10 |")


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheet_is_kept_and_marked(tmp_path: Path, state: str) -> None:
    """Case 19."""
    sheets = {"Seen": sheet_data(["a", "b"]), "Unseen": sheet_data(["c", "d"])}
    document = read(tmp_path, xlsx_parts(sheets, {"Unseen": f'state="{state}"'}))
    assert document.text == "## Seen\n\n| a | b |\n| --- | --- |\n\n## Unseen\n\n| c | d |\n| --- | --- |"
    assert hidden_words(document) == ["Unseen", "c", "d"]
    assert document.metadata["hidden_sheets"] == ["Unseen"]


def test_comments_and_text_boxes_are_kept(tmp_path: Path) -> None:
    comments = (
        f"<comments {S}><authors><author>Jane</author></authors><commentList>"
        '<comment ref="B2" authorId="0"><text><r><t>Jane:</t></r><r><t>\nSince May.</t></r></text></comment>'
        "</commentList></comments>"
    )
    box = f'<xdr:wsDr xmlns:xdr="x" {A}><xdr:txBody><a:p><a:r><a:t>In a box</a:t></a:r></a:p></xdr:txBody></xdr:wsDr>'
    parts: dict[str, str | bytes] = {
        "xl/comments1.xml": comments,
        "xl/drawings/d.xml": box,
        "xl/worksheets/_rels/sheet1.xml.rels": relations(
            ("c", "comments", "../comments1.xml"), ("d", "drawing", "../drawings/d.xml")
        ),
    }
    text = read(tmp_path, xlsx_parts({"A": sheet_data(["x", "y"])}, None, parts)).text
    assert text.endswith("In a box\n\nComment on B2 by Jane: Since May.")


def test_opendocument_sheets_are_read(tmp_path: Path) -> None:
    def row(*words: str) -> str:
        cells = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{word}</text:p></table:table-cell>'
            for word in words
        )
        return f"<table:table-row>{cells}</table:table-row>"

    body = f'<table:table table:name="Rates">{row("Country", "EUR")}{row("DE", "28")}</table:table>'
    parts = odf_parts("spreadsheet", body, parts={"META-INF/manifest.xml": "<x/>", "styles.xml": "<x/>"})
    assert read(tmp_path, parts).text == "## Rates\n\n| Country | EUR |\n| --- | --- |\n| DE | 28 |"


def test_two_cells_at_the_ends_of_a_sheet_take_no_memory(tmp_path: Path) -> None:
    """Case 11."""
    far = (
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
    )
    with pytest.raises(ParseError) as refused:
        read(tmp_path, xlsx_parts({"A": far}))
    assert refused.value.code == "output_too_large"


def test_formats_at_the_end_of_a_sheet_take_no_place(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
        '<row r="1048576" ht="20"><c r="XFD1048576" s="1"/></row>'
    )
    assert read(tmp_path, xlsx_parts({"A": f"<sheetData>{rows}</sheetData>"})).text.startswith(
        "## A\n\n| 1 | 2 |"
    )


def test_merge_over_the_whole_sheet_is_not_written_out(tmp_path: Path) -> None:
    """Case 11."""
    data = sheet_data(["Title", "b"], ["c", "d"])
    merged = f'{data}<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    assert len(read(tmp_path, xlsx_parts({"A": merged})).text) < 200


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (xlsx_parts({"A": "<sheetData/>"}), "empty"),
        ({**xlsx_parts({"A": ""}), "xl/workbook.xml": f"<workbook {S} {R}/>"}, "empty"),
        ({**xlsx_parts({"A": ""}), "xl/workbook.xml": "<<<"}, "unreadable"),
    ],
)
def test_sheets_without_values_say_so(tmp_path: Path, parts: dict[str, str | bytes], code: str) -> None:
    """Case 14."""
    with pytest.raises(ParseError) as refused:
        read(tmp_path, parts)
    assert refused.value.code == code


def test_old_workbook_that_is_cut_off_is_called_damaged(tmp_path: Path) -> None:
    """Case 14."""
    path = tmp_path / "old.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ParseError) as refused:
        SpreadsheetParser().parse(path)
    assert refused.value.code == "unreadable"
