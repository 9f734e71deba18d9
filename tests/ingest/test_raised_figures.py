"""Raised figures in every format that says so: a rate of 50 with note 1 must not become 501."""

from __future__ import annotations

from pathlib import Path

import docx
import pptx
import pytest
from fpdf import FPDF

from ingest.parsers.docx import DocxParser
from ingest.parsers.html import HtmlParser
from ingest.parsers.odf import OdfParser
from ingest.parsers.pdf import PdfParser
from ingest.parsers.pptx import PptxParser
from ingest.parsers.raised import raised
from ingest.parsers.rtf import RtfParser
from tests.ingest.office_files import archive, odf_parts

EXPECTED = "The rate is 50^1 euro on the 1st day, the load 10^6 joule or 10^-3 of it."
# Words, and whether they are raised.
RUNS = (
    ("The rate is 50", False),
    ("1", True),
    (" euro on the 1", False),
    ("st", True),
    (" day, the load 10", False),
    ("6", True),
    (" joule or 10", False),
    ("-3", True),
    (" of it.", False),
)


@pytest.mark.parametrize(
    ("words", "before", "written"),
    [
        ("6", "10", "^6"),
        ("st", "1", "st"),
        ("2", "m", "^2"),
        ("1", "", "1"),
        ("1", "euro ", "1"),
        ("", "10", ""),
    ],
)
def test_figures_that_would_run_into_a_word_are_told_from_it(words: str, before: str, written: str) -> None:
    assert raised(words, before) == written


def test_html(tmp_path: Path) -> None:
    page = "".join(f"<sup>{words}</sup>" if up else words for words, up in RUNS)
    path = tmp_path / "p.html"
    path.write_text(f"<h1>Rates</h1><p>{page}</p>")
    assert EXPECTED in HtmlParser().parse(path).text


def test_number_of_a_note_in_html_is_told_from_a_power(tmp_path: Path) -> None:
    path = tmp_path / "p.html"
    path.write_text('<h1>Rates</h1><p>The rate is <b>50</b><sup><a href="#n1">1</a></sup> euro.</p>')
    assert "50**[1] euro." in HtmlParser().parse(path).text


def test_word(tmp_path: Path) -> None:
    made = docx.Document()
    paragraph = made.add_paragraph()
    for words, up in RUNS:
        paragraph.add_run(words).font.superscript = up
    made.save(str(tmp_path / "d.docx"))
    assert EXPECTED in DocxParser().parse(tmp_path / "d.docx").text


def test_powerpoint(tmp_path: Path) -> None:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    paragraph = slide.placeholders[1].text_frame.paragraphs[0]
    for words, up in RUNS:
        run = paragraph.add_run()
        run.text = words
        if up:
            run.font._element.set("baseline", "30000")
    made.save(str(tmp_path / "s.pptx"))
    assert EXPECTED in PptxParser().parse(tmp_path / "s.pptx").text


@pytest.mark.parametrize("position", ["super 58%", "33% 58%"])
def test_opendocument(tmp_path: Path, position: str) -> None:
    spans = "".join(
        f'<text:span text:style-name="{"Up" if up else "Flat"}">{words}</text:span>' for words, up in RUNS
    )
    styles = (
        '<style:style style:name="Flat" style:family="text"/>'
        '<style:style style:name="Up" style:family="text">'
        f'<style:text-properties style:text-position="{position}"/></style:style>'
    )
    path = archive(tmp_path / "d.odt", odf_parts("text", f"<text:p>{spans}</text:p>", styles))
    assert OdfParser().parse(path).text == EXPECTED


@pytest.mark.parametrize(
    ("on", "off"),
    [(r"{\super ", "}"), (r"\super ", r"\nosupersub "), (r"{\rtlch\ltrch\super\insrsid1 ", "}")],
)
def test_rich_text(tmp_path: Path, on: str, off: str) -> None:
    path = tmp_path / "d.rtf"
    runs = "".join(f"{on}{words}{off}" if up else words for words, up in RUNS)
    path.write_text(rf"{{\rtf1\ansi\pard {runs}}}")
    assert RtfParser().parse(path).text == EXPECTED


def printed(pdf: FPDF, *runs: tuple[str, float]) -> None:
    """Runs of text behind each other on one line, each so far above it."""
    x = 72.0
    for words, rise in runs:
        pdf.set_font("Helvetica", "", 6.5 if rise else 11)
        pdf.text(x, 100 - rise, words)
        x += pdf.get_string_width(words)


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([(words, 4.0 if is_raised else 0) for words, is_raised in RUNS], EXPECTED),
        ([("H", 0), ("2", -2), ("O, at most £50", 0), ("12", 4)], "H2O, at most £50^12"),
    ],
)
def test_raised_figures_of_a_pdf(tmp_path: Path, runs: list[tuple[str, float]], text: str) -> None:
    pdf = FPDF(unit="pt", format="A4")
    pdf.add_page()
    printed(pdf, *runs)
    path = tmp_path / "raised.pdf"
    path.write_bytes(bytes(pdf.output()))
    assert PdfParser().parse(path).text == text
