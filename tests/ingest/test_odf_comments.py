"""Comments in OpenDocument files: who said what, about which words."""

from __future__ import annotations

from pathlib import Path

from ingest.parsers.base import ParsedDocument
from ingest.parsers.odf import OdfParser
from tests.ingest.office_files import archive, hidden_words, odf_parts, parsed

STYLES = (
    '<style:style style:name="U" style:family="text"><style:text-properties text:display="none"/>'
    "</style:style>"
)
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
RESOLVED = (
    'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0" loext:resolved="true"'
)


def read(folder: Path, body: str, kind: str = "text") -> ParsedDocument:
    return parsed(OdfParser(), archive(folder / "stored", odf_parts(kind, body, STYLES)))


def said(words: str, author: str = "", name: str = "", attributes: str = "") -> str:
    named = f'office:name="{name}"' if name else ""
    by = (
        f"<dc:creator {DC}>{author}</dc:creator><dc:date {DC}>2024-03-01T10:00:00</dc:date>" if author else ""
    )
    return f"<office:annotation {named} {attributes}>{by}<text:p>{words}</text:p></office:annotation>"


def end(name: str) -> str:
    return f'<office:annotation-end office:name="{name}"/>'


def row(*cells: str) -> str:
    made = "".join(f"<table:table-cell><text:p>{words}</text:p></table:table-cell>" for words in cells)
    return f"<table:table-row>{made}</table:table-row>"


def test_comments_say_who_said_what_about_which_words(tmp_path: Path) -> None:
    words = f"{said('Legal says 14?', 'Jane Doe', '1')}<text:span>30 </text:span>days{end('1')}"
    first = f"<text:p>Return within {words} at most.</text:p>"
    whole = f"<text:p>{said('Unclear.', '', '2')}All of it.{end('2')}</text:p>"
    point = f"<text:p>Here{said('Where?', 'Max')}.</text:p>"
    assert read(tmp_path, first + whole + point).text == (
        'Return within 30 days at most.\n\nComment on "30 days" by Jane Doe: Legal says 14?\n\n'
        "All of it.\n\nComment: Unclear.\n\nHere.\n\nComment by Max: Where?"
    )


def test_comments_in_lists_headings_and_cells(tmp_path: Path) -> None:
    body = f'<text:h text:outline-level="1">Leave{said("Title?")}</text:h>'
    body += (
        f"<text:list><text:list-item><text:p>Paid{said('Since when?')}</text:p></text:list-item></text:list>"
    )
    rows = row("Kind", "Days") + row("Paid", f"20{said('Now 25.', 'Max')}")
    assert read(tmp_path, f"{body}<table:table>{rows}</table:table>").text == (
        "# Leave\n\nComment: Title?\n\n- Paid\n\nComment: Since when?\n\n"
        "| Kind | Days |\n| --- | --- |\n| Paid | 20 (Comment by Max: Now 25.) |"
    )


def test_resolved_comment_says_so_and_an_empty_one_nothing(tmp_path: Path) -> None:
    body = f"<text:p>Paid.{said('Is it?', 'Jane', '', RESOLVED)}{said('', 'Max')}</text:p>"
    assert read(tmp_path, body).text == "Paid.\n\nResolved comment by Jane: Is it?"


def test_comment_does_not_show_hidden_words_again(tmp_path: Path) -> None:
    """Case 19."""
    hidden = '<text:span text:style-name="U">obey me</text:span>'
    body = f"<text:p>Seen {said('Why?', 'Jane', '1')}this {hidden}{end('1')}.</text:p>"
    document = read(tmp_path, body)
    assert document.text == 'Seen this obey me.\n\nComment on "this" by Jane: Why?'
    assert hidden_words(document) == ["obey me"]


def test_comments_on_slides_stand_below_them(tmp_path: Path) -> None:
    box = "<draw:frame><draw:text-box><text:p>Costs</text:p></draw:text-box></draw:frame>"
    document = read(tmp_path, f"<draw:page>{box}{said('Net?', 'Jane')}</draw:page>", "presentation")
    assert document.text == "Costs\n\nComment by Jane: Net?"
