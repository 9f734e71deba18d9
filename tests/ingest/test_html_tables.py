"""Tables of pages: merged cells, tables in tables, and tables that only place things."""

from __future__ import annotations

import time
from pathlib import Path

from ingest.parsers.html import HtmlParser


def text_of(folder: Path, body: str) -> str:
    path = folder / "stored"
    path.write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    return HtmlParser().parse(path).text


def test_merged_cells_are_repeated_so_that_each_row_can_be_read_alone(tmp_path: Path) -> None:
    body = (
        "<table><tr><th>A</th><th colspan=2>B</th></tr><tr><td rowspan=2>x</td><td>1</td><td>2</td></tr>"
        "<tr><td colspan=2>3</td></tr></table>"
    )
    assert text_of(tmp_path, body) == "| A | B | B |\n| --- | --- | --- |\n| x | 1 | 2 |\n| x | 3 | 3 |"


def test_table_in_a_table_becomes_words_of_its_cell(tmp_path: Path) -> None:
    inner = "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
    body = f"<table><tr><th>A</th><th>B</th></tr><tr><td>{inner}</td><td>b</td></tr></table>"
    assert text_of(tmp_path, body) == "| A | B |\n| --- | --- |\n| 1 2 3 4 | b |"


def test_table_that_places_a_page_is_no_table(tmp_path: Path) -> None:
    page = f"<h1>Title</h1><p>{'Words. ' * 100}</p><table><tr><td>a</td><td>b</td></tr></table>"
    body = f"<table><tr><td>Menu</td><td>{page}</td></tr></table>"
    text = text_of(tmp_path, body)
    assert "# Title\n\nWords." in text
    assert text.endswith("| a | b |\n| --- | --- |")
    assert text_of(tmp_path, '<table role="presentation"><tr><td>a</td><td>b</td></tr></table>') == "a\n\nb"


def test_bars_in_cells_do_not_make_columns(tmp_path: Path) -> None:
    body = "<table><tr><th>A</th><th>B</th></tr><tr><td>a | b</td><td>c</td></tr></table><p>x | y</p>"
    assert text_of(tmp_path, body) == "| A | B |\n| --- | --- |\n| a \\| b | c |\n\nx | y"


def test_spans_without_end_are_bounded(tmp_path: Path) -> None:
    """Case 11."""
    started = time.process_time()
    cells = '<td colspan="999999" rowspan="999999">x</td>' * 1000
    assert len(text_of(tmp_path, f"<table><tr>{cells}</tr><tr><td>y</td></tr></table>")) < 1_000_000
    assert time.process_time() - started < 20
