"""Which parser reads a file, and what comes out whatever the file."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.parsers import EXTENSIONS, PARSERS, Block, ParsedDocument, ParseError, detect
from ingest.parsers.base import clean_title, normalise_text, paragraphs
from ingest.parsers.encoding import decode_text
from ingest.parsers.plain import PlainParser
from ingest.parsers.wire import dump_document, dump_error, load_document
from tests.ingest.office_files import archive, docx_parts, odf_parts, pptx_parts, xlsx_parts

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1"
ZIP_BEGUN = b"PK\x03\x04\x14\0\6\0\b\0\0\0!\0" + b"[Content_Types].xml"
HTML_PAGE = b"<!-- saved -->\n<!DOCTYPE html>\n<html><body><p>Hello</p></body></html>"


def write(folder: Path, data: bytes) -> Path:
    path = folder / "stored"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "file_name", "parser"),
    [
        (b"# Leave\n", "leave.md", "markdown"),
        (b"# Leave\n", "LEAVE.MD", "markdown"),
        (b"plain words", "notes.txt", "plain"),
        (b"plain words", "NOTICE", "plain"),
        (b"<p>fragment</p>", "page.html", "html"),
        (HTML_PAGE, "page.md", "html"),
        (b"<div align=center>\n\n# Title\n\n</div>", "readme.md", "markdown"),
        (b"%PDF-1.7\n%\xe2\xe3", "report.pdf", "pdf"),
        (b"%PDF-1.7\n%\xe2\xe3", "report.txt", "pdf"),
        (b"GARBAGE\n%PDF-1.4\n\0", "report.pdf", "pdf"),
        (b"How to spot %PDF-1.4 headers", "notes.md", "markdown"),
        (codecs.BOM_UTF16_LE + "words".encode("utf-16-le"), "notes.txt", "plain"),
        (b"words", "../../etc/passwd\0.txt", "plain"),
    ],
)
def test_content_goes_before_the_name(tmp_path: Path, data: bytes, file_name: str, parser: str) -> None:
    assert detect(write(tmp_path, data), file_name).name == parser


@pytest.mark.parametrize(
    ("data", "file_name", "code"),
    [
        (b"", "empty.md", "empty"),
        (b"", "empty.pdf", "empty"),
        (b" \r\n\t", "blank.md", "empty"),
        (b" " * 10_000 + b"\n", "blank.txt", "empty"),
        (PNG, "picture.md", "unreadable"),
        (b"words\0words", "notes.txt", "not_text"),
        (b"\x09\x04\x06\0\0\0\x10\0", "excel-4.xls", "unsupported"),
        (ZIP_BEGUN, "letter.docx", "unreadable"),
        (ZIP_BEGUN, "letter.md", "unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old.doc", "unreadable"),
        (b"\x1f\x8b\x08\0", "letter.docx", "unsupported"),
        (b"a = 1\n", "settings.toml", "unsupported"),
        (b"words", "x." + "\u202e" * 4096, "unsupported"),
        (b"not a PDF at all", "report.pdf", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(
    tmp_path: Path, data: bytes, file_name: str, code: str
) -> None:
    """Case 14."""
    path = write(tmp_path, data)
    with pytest.raises(ParseError) as refused:
        detect(path, file_name).parse(path)
    assert refused.value.code == code
    assert refused.value.reason.endswith(".")
    assert len(refused.value.reason) > 30
    assert "\u202e" not in refused.value.reason


def test_every_extension_has_one_parser(tmp_path: Path) -> None:
    path = write(tmp_path, b"words")
    names = {extension: detect(path, f"file{extension}").name for extension in EXTENSIONS}
    assert set(names.values()) == {parser.name for parser in PARSERS}
    assert len(EXTENSIONS) == sum(len(parser.extensions) for parser in PARSERS)


@pytest.mark.parametrize(
    ("parts", "parser"),
    [
        (docx_parts("<w:p/>"), "docx"),
        (pptx_parts(""), "pptx"),
        (xlsx_parts({"A": ""}), "spreadsheet"),
        (odf_parts("text", ""), "odf"),
        (odf_parts("presentation", ""), "odf"),
        (odf_parts("spreadsheet", ""), "spreadsheet"),
        ({"mimetype": "application/vnd.oasis.opendocument.text-template"}, "odf"),
        ({"mimetype": "application/epub+zip"}, "epub"),
        ({"META-INF/container.xml": "<x/>"}, "epub"),
    ],
)
@pytest.mark.parametrize("file_name", ["file.zip", "file.txt", "file"])
def test_containers_are_told_apart_by_what_they_hold(
    tmp_path: Path, parts: dict[str, str | bytes], parser: str, file_name: str
) -> None:
    assert detect(archive(tmp_path / "stored", parts), file_name).name == parser


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße".encode(), "Grüße"),
        (codecs.BOM_UTF8 + "Grüße".encode(), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        (codecs.BOM_UTF16_BE + "Grüße".encode("utf-16-be"), "Grüße"),
        (codecs.BOM_UTF32_LE + "Grüße".encode("utf-32-le"), "Grüße"),
        ("“Grüße” – 5 €".encode("cp1252"), "“Grüße” – 5 €"),
        (b"one\r\ntwo\rthree\x0cfour\x1b[0m", "one\ntwo\nthree\nfour[0m"),
    ],
)
def test_text_is_decoded(data: bytes, text: str) -> None:
    assert decode_text(data) == text


@pytest.mark.parametrize("data", [b"\x00\x01\x02", bytes(range(256)), b"\x01\x02" * 50, b"\xff\xfeA"])
def test_binary_data_is_not_decoded(data: bytes) -> None:
    with pytest.raises(ParseError, match="binary"):
        decode_text(data)


def test_declared_encoding_counts_only_when_the_text_is_not_utf8() -> None:
    assert decode_text("Привет".encode("koi8-r"), "koi8-r") == "Привет"
    assert decode_text("Привет".encode(), "koi8-r") == "Привет"
    assert decode_text("café".encode("latin-1"), "punycode") == "café"


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_normalised_text_stays_as_it_is(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
    assert not set(once) & set("\0\r\x0b\x0c\x1b\x7f\x85\u2028\ufeff\ud800")
    once.encode()


def test_composed_and_decomposed_characters_stay_apart() -> None:
    assert normalise_text("e\u0301 é") == "e\u0301 é"


def test_plain_text_is_cut_at_blank_lines(tmp_path: Path) -> None:
    parsed = PlainParser().parse(write(tmp_path, b"\n  One\ntwo\n \t\n\n  three  \n"))
    assert [parsed.text[block.start : block.end] for block in parsed.blocks] == ["One\ntwo", "three"]
    assert parsed.format == "plain"
    assert parsed.title is None


@settings(deadline=None)
@given(st.text("a \n\t"))
def test_paragraphs_cover_what_is_not_whitespace(text: str) -> None:
    document = ParsedDocument(text, "plain", blocks=tuple(paragraphs(text)))
    pieces = [text[block.start : block.end] for block in document.blocks]
    assert " ".join(pieces).split() == text.split()
    assert all(line.strip() for piece in pieces for line in piece.split("\n"))


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "a\0b", "blocks": (Block("paragraph", 0, 3),)},
        {"text": "a b", "blocks": (Block("paragraph", 0, 1),)},
        {"text": "a b", "blocks": (Block("paragraph", 2, 3), Block("paragraph", 0, 1))},
        {"text": "a b", "blocks": (Block("paragraph", 0, 2), Block("paragraph", 1, 3))},
        {"text": "a b", "blocks": (Block("paragraph", 0, 4),)},
        {"text": "a", "blocks": (Block("paragraph", 0, 1),), "pages": ((0, 1), (0, 1))},
    ],
)
def test_unsound_spans_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        ParsedDocument(format="plain", **fields)  # type: ignore[arg-type]


def test_title_is_one_inert_line() -> None:
    assert clean_title(" A\n\u202etitle\0 ") == "A title"
    assert clean_title("\u202e \n") is None
    assert len(clean_title("x" * 5000) or "") == 300


def test_document_survives_the_wire() -> None:
    metadata = {"date": "2024-01-01", "n": [1, None]}
    document = ParsedDocument("Größe 😀", "plain", "T", ((0, 7),), (Block("heading", 0, 7, 2),), metadata)
    assert load_document(dump_document(document)) == document


def test_error_survives_the_wire() -> None:
    with pytest.raises(ParseError) as received:
        load_document(dump_error(ParseError("encrypted", "Protected.", "line 3")))
    assert (received.value.code, received.value.reason, received.value.detail) == (
        "encrypted",
        "Protected.",
        "line 3",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        b'{"error": {"code": 1, "reason": "x", "detail": ""}}',
        b'{"text":"a","format":"plain","title":null,"pages":[],"blocks":[],"metadata":{}}',
        b'{"text":"a","format":"exe","title":null,"pages":[],"blocks":[["paragraph",0,1,0]],"metadata":{}}',
        b'{"text":"a","format":"plain","title":null,"pages":[],"blocks":[["paragraph",0,1e0,0]],"metadata":{}}',
        b'{"text":"a","format":"plain","title":null,"pages":[],"blocks":[["paragraph",0,true,0]],"metadata":{}}',
        b'{"text":"a","format":"plain","title":null,"pages":[],"blocks":[["script",0,1,0]],"metadata":{}}',
        b'{"text":"a","format":"plain","title":[],"pages":[],"blocks":[["paragraph",0,1,0]],"metadata":{}}',
        b'{"text":"a","format":"plain","title":null,"pages":[[0]],"blocks":[["paragraph",0,1,0]],"metadata":{}}',
        b'{"text":"a","format":"plain","title":null,"pages":[],"blocks":[["paragraph",0,1,0]],"metadata":{"x":NaN}}',
        b'{"text":"\\ud800","format":"plain","title":null,"pages":[],"blocks":[["paragraph",0,1,0]],"metadata":{}}',
    ],
)
def test_unsound_answers_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_document(data)


def test_unknown_kind_of_file_is_told_what_is_read_by_kind_of_document(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("text")
    with pytest.raises(ParseError) as caught:
        detect(path, "x.xyz")
    assert "Word: .doc .docx .odt .rtf; Slides: " in caught.value.reason


@pytest.mark.parametrize(("form", "words"), [("GIF", "a GIF picture"), ("BMP", "a BMP picture")])
def test_pictures_that_are_not_read_say_which_are(tmp_path: Path, form: str, words: str) -> None:
    path = tmp_path / "x"
    Image.new("RGB", (40, 40)).save(path, form)
    with pytest.raises(ParseError) as caught:
        detect(path, f"x.{form.lower()}")
    assert words in caught.value.reason and "save it as PNG" in caught.value.reason
