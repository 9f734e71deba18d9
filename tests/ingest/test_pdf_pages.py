"""PDF pages: running lines, tables, and the choice between two readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.parsers.pdf import PdfParser
from ingest.parsers.pdf_lines import Line, Word
from ingest.parsers.pdf_running import drop_running_lines
from ingest.parsers.pdf_source import PageText, read_page, soundness
from ingest.parsers.pdf_tables import Table, find_tables
from tests.ingest.pdf_files import Pdf, pictures

WORDS = ("first", "second", "third", "fourth", "fifth")


def book(header: str = "Travel Policy", pages: int = 5) -> Pdf:
    pdf = Pdf()
    for number in range(pages):
        pdf.page().line(header, 9).lines(f"The {WORDS[number]} chapter is about journeys.")
        pdf.y = 780
        pdf.line(f"Page {number + 7} of 90", 9)
    return pdf


def test_headers_and_page_numbers_are_dropped_and_pages_stay_right(tmp_path: Path) -> None:
    parsed = PdfParser().parse(book().write(tmp_path / "p.pdf"))
    pages = [parsed.text[start:end] for start, end in parsed.pages]
    texts = [f"The {word} chapter is about journeys." for word in WORDS]
    assert pages == [f"Travel Policy\n\n{texts[0]}", *texts[1:]]
    assert parsed.metadata["repeated_lines"] == ["Travel Policy", "Page 7 of 90"]


def test_lines_of_two_pages_are_not_called_repeated(tmp_path: Path) -> None:
    parsed = PdfParser().parse(book(pages=2).write(tmp_path / "p.pdf"))
    assert parsed.text.count("Travel Policy") == 2


def test_figures_that_change_without_counting_pages_stay() -> None:
    pages = [
        [Line(f"Total {total}", 72, 40, 10), Line(f"{total} is the total", 72, 400, 10)]
        for total in (9, 4, 7, 30, 2)
    ]
    kept, dropped = drop_running_lines(pages)
    assert kept == pages
    assert not dropped


def printed(*lines: tuple[str, float], size: float = 10) -> list[Line]:
    """A page of lines, and ten of text between 700 and 560 points."""
    body = [Line(f"Words of the text {lines[0][0][::-1]} {row}", 72, 700 - 14 * row, 10) for row in range(10)]
    return [*(Line(text, 72, y, size) for text, y in lines), *body]


@pytest.mark.parametrize(
    ("pages", "size"),
    [
        ([[(f"Article {number}", 730)] for number in range(1, 7)], 10),  # counts articles, one on each page
        ([[("Code City Amount", 714)] for _ in range(6)], 10),  # the header of a table that goes on
        ([[("Payment within 30 days", 500)] for _ in range(6)], 10),  # a form, far from the margin
        ([[("Minutes", 740)] for _ in range(6)], 16),  # a heading
        ([[("Total: 100 EUR", 40)] for _ in range(6)], 10),  # six invoices
        ([[("Amount due  $1,250.00", 40)] for _ in range(6)], 10),
    ],
)
def test_lines_that_are_part_of_the_text_stay(pages: list[list[tuple[str, float]]], size: float) -> None:
    given = [printed(*lines, size=size) for lines in pages]
    kept, dropped = drop_running_lines(given)
    assert kept == given
    assert not dropped


@pytest.mark.parametrize(
    ("lines", "size", "once"),
    [
        (lambda number: [("ACME Handbook", 740), (f"Page {number} of 6", 40)], 10, 1),
        (lambda number: [(f"{number} Travel", 714)], 8, 1),  # close to the text, in smaller letters
        (lambda number: [("ACME Ltd", 754), ("Confidential", 740), (f"Seite {number}", 30)], 10, 2),
        (lambda number: [("Tel. 030 12345", 40)], 10, 1),
        (lambda number: [("Words of the text", 740), (f"– {number} –", 40)], 10, 0),  # said elsewhere
        (lambda number: [("01.03.2024", 740)], 10, 0),
    ],
)
def test_lines_of_the_margin_go_and_stay_once_where_they_say_something(
    lines: Callable[[int], list[tuple[str, float]]], size: float, once: int
) -> None:
    given = [printed(*lines(number), size=size) for number in range(1, 7)]
    kept, repeated = drop_running_lines(given)
    count = len(lines(1))
    assert kept == [given[0][:once] + given[0][count:], *(page[count:] for page in given[1:])]
    assert repeated == [text for text, _ in lines(1)]


def test_page_of_nothing_but_repeated_lines_keeps_them() -> None:
    pages = [[Line("Notes", 72, 700, 10)] for _ in range(6)]
    assert drop_running_lines(pages) == (pages, [])


def rows(*lines: tuple[tuple[str, float], ...]) -> list[Line]:
    """Lines of cells with the places at which they begin; a letter is 5 points wide."""
    found = []
    for number, cells in enumerate(lines):
        words: list[Word] = []
        for text, x in cells:
            for word in text.split():
                words.append(Word(word, x, x + 5 * len(word)))
                x += 5 * len(word) + 3
        text = " ".join(word.text for word in words)
        found.append(Line(text, words[0].x, 700 - 14 * number, 10, words=tuple(words)))
    return found


def test_rows_in_columns_become_a_table() -> None:
    lines = rows(
        (("City", 72), ("Rate", 200), ("Limit", 260)),
        (("Rome", 72), ("$", 200), ("120", 225), ("140", 260)),
        (("Bern | Thun", 72), ("210", 205), ("n/a", 260)),
        (("All other cities", 72),),
        (("of the country", 72),),
        (("Oslo", 72), ("180", 205), ("200", 260)),
    )
    [table] = find_tables(lines)
    assert isinstance(table, Table)
    assert table.markdown().split("\n") == [
        "| City | Rate | Limit |",
        "| - | - | - |",
        "| Rome | $ 120 | 140 |",
        "| Bern \\| Thun | 210 | n/a |",
        "| All other cities |  |  |",
        "| of the country |  |  |",
        "| Oslo | 180 | 200 |",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        rows((("City", 72), ("Rate", 200)), (("Rome", 72), ("120", 200))),
        rows(
            *[
                (
                    (f"the words of a column of prose number {n}", 72),
                    (f"and those of the next column of it {n}", 330),
                )
                for n in range(5)
            ]
        ),
        rows(*[(("-", 72), ("late trains and strikes", 90)) for _ in range(5)]),
        rows(
            (("a", 72), ("b", 150)),
            (("c", 100), ("d", 220)),
            (("e", 140), ("f", 260)),
            (("g", 72), ("h", 290)),
        ),
    ],
    ids=["two rows", "columns of prose", "a list", "places that do not agree"],
)
def test_lines_that_are_no_table_stay_lines(lines: list[Line]) -> None:
    assert list(find_tables(lines)) == lines


def test_table_of_a_file_is_a_block_of_markdown(tmp_path: Path) -> None:
    pdf = Pdf().page().lines("The rates of a night in a hotel are in this table for every city.")
    for city, rate in (("City", "Rate"), ("Rome", "120"), ("Bern", "210")):
        pdf.line(city, gap=4)
        pdf.y -= 12
        pdf.line(rate, x=300)
    parsed = PdfParser().parse(pdf.write(tmp_path / "p.pdf"))
    [table] = [block for block in parsed.blocks if block.kind == "table"]
    assert (
        parsed.text[table.start : table.end] == "| City | Rate |\n| - | - |\n| Rome | 120 |\n| Bern | 210 |"
    )


def test_share_of_characters_that_stand_for_none_is_measured() -> None:
    assert soundness([Line("plain words"), Line("Grüße, 東京")]) == 1
    assert soundness([Line("ab\ufffd\ue001")]) == 0.5
    assert soundness([]) == 1


def test_page_that_only_the_second_reader_can_read_is_taken_from_it(tmp_path: Path) -> None:
    from pypdf import PdfReader

    reader = PdfReader(Pdf().page().lines("Words for the second reader.").write(tmp_path / "p.pdf"))
    page = read_page(None, reader, 0)
    assert [line.text for line in page.lines] == ["Words for the second reader."]
    assert page.source == "pypdf"


def test_page_that_no_reader_can_read_is_damaged() -> None:
    assert read_page(None, None, 0) == PageText(is_damaged=True)


def test_picture_pages_beside_text_are_named(tmp_path: Path) -> None:
    pdf = Pdf().page().lines("A page of text.")
    parsed = PdfParser().parse(pictures(1, pdf).page().write(tmp_path / "p.pdf"))
    assert parsed.metadata.pop("created")
    assert parsed.metadata == {
        "page_count": 3,
        "page_images": True, "pages_without_text": [2, 3], "pages_to_recognise": [2],
    }  # fmt: skip
