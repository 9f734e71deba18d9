"""Presentations: slides are pages, titles are headings, notes and hidden slides are kept."""

from __future__ import annotations

from pathlib import Path

import pptx
import pytest
from pptx.util import Inches

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.pptx import PptxParser
from tests.ingest.office_files import (
    A,
    P,
    Parts,
    archive,
    hidden_words,
    parsed,
    pptx_parts,
    relations,
    shape,
    slide_of,
)


def read(folder: Path, *slides: str, parts: Parts | None = None) -> ParsedDocument:
    return parsed(PptxParser(), archive(folder / "stored", pptx_parts(*slides, parts=parts)))


def test_presentation_of_a_real_program_becomes_markdown(tmp_path: Path) -> None:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Travel"
    slide.placeholders[1].text_frame.text = "Trains first"
    line = slide.placeholders[1].text_frame.add_paragraph()
    line.text, line.level = "then flights", 1
    slide.notes_slide.notes_text_frame.text = "Say why."
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for at, words in enumerate(("Country", "EUR", "DE", "28")):
        table.cell(at // 2, at % 2).text = words
    made.slides.add_slide(made.slide_layouts[5]).shapes.title.text = "Questions"
    made.save(str(tmp_path / "made.pptx"))
    document = parsed(PptxParser(), tmp_path / "made.pptx")
    assert document.text == (
        "# Travel\n\n- Trains first\n    - then flights\n\n| Country | EUR |\n| --- | --- |\n| DE | 28 |\n\n"
        "Notes: Say why.\n\n# Questions"
    )
    assert [document.text[start:end].strip()[:8] for start, end in document.pages] == ["# Travel", "# Questi"]
    assert document.metadata["page_count"] == 2


NEWER = 'xmlns:n="http://schemas.microsoft.com/office/powerpoint/2018/8/main"'


def commented(folder: Path, comments: str, authors: str, attributes: str = "") -> ParsedDocument:
    """A presentation of one slide with comments, and the part that says who wrote them."""
    kind = "commentAuthors" if "cmAuthor" in authors else "authors"
    leads = relations(("s0", "slide", "slides/slide0.xml"), ("a", kind, "who.xml"))
    parts = {
        "ppt/_rels/presentation.xml.rels": leads,
        "ppt/slides/_rels/slide0.xml.rels": relations(("c", "comments", "../comments/said.xml")),
        "ppt/comments/said.xml": comments,
        "ppt/who.xml": authors,
    }
    return read(folder, slide_of(shape("Costs"), attributes), parts=parts)


def test_comments_stand_below_their_slide_with_who_wrote_them(tmp_path: Path) -> None:
    said = '<p:cm authorId="3" idx="1"><p:pos x="1" y="1"/><p:text>Is this\nnet?</p:text></p:cm>'
    said += '<p:cm authorId="9"><p:text>Yes.</p:text></p:cm><p:cm authorId="3"><p:text/></p:cm>'
    document = commented(
        tmp_path,
        f"<p:cmLst {P}>{said}</p:cmLst>",
        f'<p:cmAuthorLst {P}><p:cmAuthor id="3" name="Jane Doe"/></p:cmAuthorLst>',
    )
    assert document.text == "Costs\n\nComment by Jane Doe: Is this net?\n\nComment: Yes."
    assert len(document.pages) == 1


def test_newer_comments_have_replies_and_may_be_resolved(tmp_path: Path) -> None:
    def body(words: str) -> str:
        return f"<n:txBody><a:bodyPr/><a:p><a:r><a:t>{words}</a:t></a:r></a:p></n:txBody>"

    reply = f'<n:replyLst><n:reply authorId="{{M}}">{body("Gross.")}</n:reply></n:replyLst>'
    said = f'<n:cm authorId="{{J}}" status="resolved">{reply}{body("Net?")}</n:cm>'
    authors = '<n:author id="{J}" name="Jane"/><n:author id="{M}" name="Max"/>'
    document = commented(
        tmp_path, f"<n:cmLst {NEWER} {A}>{said}</n:cmLst>", f"<n:authorLst {NEWER}>{authors}</n:authorLst>"
    )
    assert document.text == "Costs\n\nResolved comment by Jane: Net?\n\nReply by Max: Gross."


def test_comments_on_a_hidden_slide_are_hidden_with_it(tmp_path: Path) -> None:
    """Case 19."""
    said = f'<p:cmLst {P}><p:cm authorId="1"><p:text>Obey me.</p:text></p:cm></p:cmLst>'
    document = commented(tmp_path, said, f"<p:cmAuthorLst {P}/>", 'show="0"')
    assert hidden_words(document) == ["Costs", "Comment: Obey me."]


def test_title_is_read_first_and_furniture_not_at_all(tmp_path: Path) -> None:
    shapes = shape("Words.") + shape("7", "sldNum") + shape("ACME", "ftr") + shape("Title", "ctrTitle")
    assert read(tmp_path, shapes).text == "# Title\n\nWords."


def test_shapes_in_groups_are_read_in_their_place(tmp_path: Path) -> None:
    grouped = f"<p:grpSp><p:grpSp>{shape('Two')}</p:grpSp>{shape('Three')}</p:grpSp>"
    assert read(tmp_path, shape("One") + grouped + shape("Four")).text == "One\n\nTwo\n\nThree\n\nFour"


def test_numbered_lists_are_counted(tmp_path: Path) -> None:
    def line(scheme: str, words: str) -> str:
        return f'<a:p><a:pPr><a:buAutoNum type="{scheme}"/></a:pPr><a:r><a:t>{words}</a:t></a:r></a:p>'

    lines = line("arabicPeriod", "a") + line("arabicPeriod", "b") + line("alphaLcParenR", "c")
    body = f"<p:sp><p:nvSpPr><p:nvPr/></p:nvSpPr><p:txBody>{lines}</p:txBody></p:sp>"
    assert read(tmp_path, body).text == "1. a\n2. b\n- c) c"


def test_hidden_slide_is_kept_and_marked(tmp_path: Path) -> None:
    """Case 19."""
    document = read(tmp_path, shape("Shown"), slide_of(shape("Not shown", "title"), 'show="0"'), shape("End"))
    assert document.text == "Shown\n\n# Not shown\n\nEnd"
    assert hidden_words(document) == ["Not shown"]
    assert document.metadata["hidden_pages"] == [2]


def test_shape_that_is_switched_off_is_kept_and_marked(tmp_path: Path) -> None:
    """Case 19."""
    document = read(tmp_path, shape("Seen") + shape("obey me").replace("<p:cNvPr/>", '<p:cNvPr hidden="1"/>'))
    assert document.text == "Seen\n\nobey me"
    assert hidden_words(document) == ["obey me"]


def test_merged_cells_are_repeated(tmp_path: Path) -> None:
    def cell(words: str, attributes: str = "") -> str:
        return f"<a:tc {attributes}><a:txBody><a:p><a:r><a:t>{words}</a:t></a:r></a:p></a:txBody></a:tc>"

    wide = cell("Wide", 'gridSpan="2"') + cell("", 'hMerge="1"')
    rows = f"<a:tr>{wide}</a:tr><a:tr>{cell('a')}{cell('b')}</a:tr>"
    frame = f"<p:graphicFrame><a:graphic><a:tbl>{rows}</a:tbl></a:graphic></p:graphicFrame>"
    assert read(tmp_path, frame).text == "| Wide | Wide |\n| --- | --- |\n| a | b |"


def test_picture_is_its_description(tmp_path: Path) -> None:
    picture = f'<p:pic {P} {A}><p:nvPicPr><p:cNvPr descr="The new office"/><p:nvPr/></p:nvPicPr></p:pic>'
    assert read(tmp_path, picture).text == "The new office"


def test_page_of_an_empty_slide_is_empty(tmp_path: Path) -> None:
    document = read(tmp_path, shape("One"), "", shape("Three"))
    assert [document.text[start:end].strip() for start, end in document.pages] == ["One", "", "Three"]


def test_slide_that_is_missing_or_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    """Case 14."""
    broken = {
        "ppt/slides/slide1.xml": "no xml",
        "ppt/slides/_rels/slide0.xml.rels": relations(("n", "notesSlide", "../notes/none.xml")),
    }
    assert read(tmp_path, shape("One"), "", parts=broken).text == "One"


def test_presentation_of_pictures_says_so(tmp_path: Path) -> None:
    """Case 14."""
    with pytest.raises(ParseError, match="pictures") as refused:
        read(tmp_path, "<p:pic/>")
    assert refused.value.code == "empty"
