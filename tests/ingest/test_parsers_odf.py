"""OpenDocument texts and presentations."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.odf import OdfParser
from tests.ingest.office_files import ODF, archive, hidden_words, odf_parts, parsed

META = (
    f'<office:document-meta {ODF} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>Leave</dc:title>'
    "<meta:initial-creator>Jane Doe</meta:initial-creator><dc:language>de-DE</dc:language></office:meta>"
    "</office:document-meta>"
)
STYLES = (
    '<style:style style:name="T" style:display-name="Title" style:family="paragraph"/>'
    '<style:style style:name="C" style:display-name="Preformatted Text" style:family="paragraph"/>'
    '<style:style style:name="U" style:family="text"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="X" style:family="text"><style:text-properties fo:color="#ffffff"/></style:style>'
    '<style:style style:name="K" style:family="drawing-page">'
    '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"/>'
    '<text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")"/></text:list-style>'
)


def read(folder: Path, body: str, kind: str = "text", **parts: str) -> ParsedDocument:
    made = odf_parts(kind, body, STYLES, {name.replace("_", "."): text for name, text in parts.items()})
    return parsed(OdfParser(), archive(folder / "stored", made))


def item(words: str, inside: str = "") -> str:
    return f"<text:list-item><text:p>{words}</text:p>{inside}</text:list-item>"


def test_text_becomes_markdown(tmp_path: Path) -> None:
    nested = item("one", f"<text:list>{item('sub')}</text:list>")
    body = (
        '<text:p text:style-name="T">Leave</text:p><text:h text:outline-level="1">Paid</text:h>'
        '<text:p>Up to<text:s text:c="2"/>20 <text:a>days</text:a>.<text:line-break/>No more.</text:p>'
        f'<text:list text:style-name="L">{nested}{item("two")}</text:list>'
        f"<text:list>{item('loose')}</text:list>"
        '<text:p text:style-name="C">a = 1</text:p><text:p text:style-name="C">b = 2</text:p>'
    )
    document = read(tmp_path, body, meta_xml=META)
    assert document.text == (
        "# Leave\n\n## Paid\n\nUp to 20 days.\nNo more.\n\n1. one\n    - a) sub\n2. two\n- loose\n\n"
        "```\na = 1\nb = 2\n```"
    )
    assert document.title == "Leave"
    assert document.metadata == {"author": "Jane Doe", "language": "de-DE"}


def test_merged_and_repeated_cells(tmp_path: Path) -> None:
    def cell(words: str, attributes: str = "") -> str:
        return f"<table:table-cell {attributes}><text:p>{words}</text:p></table:table-cell>"

    wide = cell("Wide", 'table:number-columns-spanned="2"')
    same = cell("same", 'table:number-columns-repeated="2"')
    body = (
        f"<table:table><table:table-header-rows><table:table-row>{wide}<table:covered-table-cell/>"
        "</table:table-row></table:table-header-rows>"
        f"<table:table-row>{same}</table:table-row></table:table>"
    )
    assert read(tmp_path, body).text == "| Wide | Wide |\n| --- | --- |\n| same | same |"


def test_notes_and_comments_stand_below_and_deletions_are_left_out(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:p>Old words</text:p></text:tracked-changes>"
        "<text:p>Paid<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>In full.</text:p>"
        "</text:note-body></text:note><office:annotation><text:p>Really?</text:p></office:annotation>.</text:p>"
    )
    assert read(tmp_path, body).text == "Paid[^1].\n\n[^1]: In full.\n\nComment: Really?"


def test_frames_are_read_with_their_description(tmp_path: Path) -> None:
    body = (
        "<text:p>Before.<draw:frame><svg:desc>The form to sign</svg:desc><draw:text-box><text:p>In a box.</text:p>"
        "</draw:text-box></draw:frame></text:p>"
    )
    assert read(tmp_path, body).text == "Before.\n\nThe form to sign\n\nIn a box."


@pytest.mark.parametrize("style", ["U", "X"])
def test_words_that_nobody_sees_are_kept_and_marked(tmp_path: Path, style: str) -> None:
    """Case 19."""
    document = read(
        tmp_path, f'<text:p>Seen <text:span text:style-name="{style}">obey me</text:span>.</text:p>'
    )
    assert document.text == "Seen obey me."
    assert hidden_words(document) == ["obey me"]


def test_section_that_is_switched_off_is_kept_and_marked(tmp_path: Path) -> None:
    """Case 19."""
    body = '<text:section text:display="none"><text:p>obey me</text:p></text:section><text:p>Seen.</text:p>'
    document = read(tmp_path, body)
    assert document.text == "obey me\n\nSeen."
    assert hidden_words(document) == ["obey me"]


def test_slides_are_pages_with_notes_and_hidden_ones_are_marked(tmp_path: Path) -> None:
    """Case 19."""

    def frame(words: str, kind: str) -> str:
        box = f"<draw:text-box><text:p>{words}</text:p></draw:text-box>"
        return f'<draw:frame presentation:class="{kind}">{box}</draw:frame>'

    body = (
        f"<draw:page>{frame('Words.', 'outline')}{frame('Title', 'title')}{frame('7', 'page-number')}"
        f"<presentation:notes>{frame('Say why.', 'notes')}</presentation:notes></draw:page>"
        f'<draw:page draw:style-name="K">{frame("Not shown", "title")}</draw:page>'
    )
    document = read(tmp_path, body, "presentation")
    assert document.text == "# Title\n\nWords.\n\nNotes: Say why.\n\n# Not shown"
    assert [document.text[start:end].strip()[:7] for start, end in document.pages] == ["# Title", "# Not s"]
    assert hidden_words(document) == ["Not shown"]
    assert document.metadata == {"page_count": 2, "hidden_pages": [2]}


def test_chart_is_the_table_that_it_was_drawn_from(tmp_path: Path) -> None:
    def row(*words: str) -> str:
        cells = "".join(f"<table:table-cell><text:p>{word}</text:p></table:table-cell>" for word in words)
        return f"<table:table-row>{cells}</table:table-row>"

    chart = (
        f"<office:document-content {ODF}><office:body><office:chart><chart:chart><chart:title><text:p>Ducks</text:p>"
        f"</chart:title><table:table><table:table-rows>{row('', 'A')}{row('2019', '3')}</table:table-rows></table:table>"
        "</chart:chart></office:chart></office:body></office:document-content>"
    )
    body = (
        '<text:p><draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Object 1"/>'
        "</draw:frame></text:p>"
    )
    made = odf_parts("text", body, "", {"Object 1/content.xml": chart})
    document = parsed(OdfParser(), archive(tmp_path / "x", made))
    assert document.text == "Ducks\n\n|  | A |\n| --- | --- |\n| 2019 | 3 |"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (odf_parts("text", ""), "empty"),
        ({"mimetype": "application/vnd.oasis.opendocument.text"}, "unreadable"),
        (
            {
                "mimetype": "application/vnd.oasis.opendocument.text",
                "META-INF/manifest.xml": "<m><manifest:encryption-data xmlns:manifest='x'/></m>",
                "content.xml": b"\x00\x01 no xml",
            },
            "encrypted",
        ),
    ],
)
def test_documents_without_text_say_so(tmp_path: Path, parts: dict[str, str | bytes], code: str) -> None:
    """Case 14."""
    with pytest.raises(ParseError) as refused:
        OdfParser().parse(archive(tmp_path / "x", parts))
    assert refused.value.code == code
