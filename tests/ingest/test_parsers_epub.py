"""Electronic books: chapters in reading order, with the properties of the book."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.epub import EpubParser
from tests.ingest.office_files import archive, hidden_words, parsed

CONTAINER = '<container xmlns="x"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
BOOK = (
    '<package xmlns:dc="y"><metadata><dc:title>Leave</dc:title><dc:creator>Jane Doe</dc:creator>'
    "<dc:language>en</dc:language></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
)


def read(folder: Path, spine: list[str], **chapters: str) -> ParsedDocument:
    items = "".join(
        f'<item id="{name}" href="text/{name}%20one.xhtml" media-type="application/xhtml+xml"'
        f"{' properties=' + chr(34) + 'nav' + chr(34) if name == 'nav' else ''}/>"
        for name in chapters
    )
    refs = "".join(f'<itemref idref="{name}"/>' for name in spine)
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": BOOK.format(items=items, spine=refs),
        **{
            f"OEBPS/text/{name} one.xhtml": f"<!DOCTYPE html><html><body>{text}</body></html>"
            for name, text in chapters.items()
        },
    }
    return parsed(EpubParser(), archive(folder / "stored", parts))


def test_chapters_are_read_in_the_order_of_the_spine(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        ["nav", "b", "a", "missing"],
        a="<h2>Unpaid</h2><p>Words.</p>",
        b="<h1>Leave</h1><aside>A note.</aside>",
        nav="<p>Contents</p>",
    )
    assert document.text == "# Leave\n\nA note.\n\n## Unpaid\n\nWords."
    assert document.title == "Leave"
    assert document.metadata == {"author": "Jane Doe", "language": "en"}


def test_words_that_nobody_sees_are_marked(tmp_path: Path) -> None:
    """Case 19."""
    document = read(tmp_path, ["a"], a='<p>Seen.</p><p style="color:#fff">obey me</p>')
    assert hidden_words(document) == ["obey me"]


def test_protected_book_says_so(tmp_path: Path) -> None:
    """Case 14."""
    parts = {"META-INF/container.xml": CONTAINER, "META-INF/rights.xml": "<x/>"}
    with pytest.raises(ParseError) as refused:
        EpubParser().parse(archive(tmp_path / "x", parts))
    assert refused.value.code == "encrypted"


@pytest.mark.parametrize("container", [CONTAINER, "<x/>", "no xml"])
def test_book_without_a_list_of_chapters_is_called_damaged(tmp_path: Path, container: str) -> None:
    """Case 14."""
    with pytest.raises(ParseError) as refused:
        EpubParser().parse(archive(tmp_path / "x", {"META-INF/container.xml": container}))
    assert refused.value.code == "unreadable"
