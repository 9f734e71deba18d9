"""Pages whose authors left out what HTML allows to leave out, and pages made to take long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.parsers.html import HtmlParser
from ingest.sandbox import Sandbox


def text_of(tmp_path: Path, page: str) -> str:
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    return HtmlParser().parse(path).text


TABLE = "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "<ul><li>One<li>Two<ul><li>In<li>Side</ul><li>Three</ul>",
            "- One\n- Two\n  - In\n  - Side\n- Three",
        ),
        ("<table><tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td>4</table>end", f"{TABLE}\n\nend"),
        ("<table><thead><tr><th>A<th>B<tbody><tr><td>1<td>2<tr><td>3<td>4</table>", TABLE),
        ("<table><td>A<td>B<tr><td>1<td>2<tr><td>3<td>4</table>", TABLE),
        ("<table><form><tr><th>A<th>B</tr><tr><td>1<td>2<tr><td>3<td>4</form></table>", TABLE),
        ("<table><colgroup><col><col><tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td>4</table>", TABLE),
        ("<table><caption>Rates<tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td>4</table>", f"Rates\n\n{TABLE}"),
        ("<table>Rates<tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td>4</table>", f"Rates\n\n{TABLE}"),
        ("<table><thead><tr><th>A<th>B<tfoot><tr><td>3<td>4<tbody><tr><td>1<td>2</table>", TABLE),
        (
            "<table><tr><td>A<table><tr><td>in<td>side</table><td>B<tr><td>1<td>2</table>",
            "| A in side | B |\n| --- | --- |\n| 1 | 2 |",
        ),
        ("<dl><dt>Term<dd>Words<dt>Other<dd>More</dl>", "Term\n:   Words\n\nOther\n:   More"),
        ("<html><head><title>T</title><p>One<p>Two", "One\n\nTwo"),
        ("<p>One <b>two<p>Three", "One **two**\n\nThree"),
        ("<p>One<!-- two<p>Three", "One<!-- two\n\nThree"),
        ("<details><summary>Who?</summary>All.</details>", "Who?\n\nAll."),
    ],
)
def test_tags_end_where_the_next_one_begins(tmp_path: Path, page: str, text: str) -> None:
    assert text_of(tmp_path, page) == text


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=30, memory_mb=512) as made:
        yield made


@pytest.mark.parametrize(
    "page",
    [
        "<p>word</p>" + "<!--" * 200_000,
        "<p>word</p>" + "<a " * 100_000,
        "<p>word</p>" + '<a href="' * 30_000,
        "<p>word</p>" + "<table><tr><td>a<td>" * 2_400,
        "<p>word</p>" + "<div style='color:red'>b" * 4_000,
    ],
    ids=["comments", "tags", "attributes", "tables", "parts"],
)
def test_time_does_not_grow_with_the_square_of_a_page(sandbox: Sandbox, tmp_path: Path, page: str) -> None:
    path = tmp_path / "stored"
    path.write_text(page, encoding="utf-8")
    assert sandbox.parse(path, "page.html").text.startswith("word")
