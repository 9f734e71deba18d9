"""Raised figures in every format that says so: a rate of 50 with note 1 must not become 501."""

from __future__ import annotations

from pathlib import Path

import docx
import pptx
import pytest

from ingest.parsers.docx import DocxParser
from ingest.parsers.html import HtmlParser
from ingest.parsers.pptx import PptxParser
from ingest.parsers.raised import raised

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
