"""Archives that attack their reader are refused before anything opens them, quickly and in little memory."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.parsers import ParseError, detect
from ingest.parsers.docx import DocxParser
from ingest.parsers.zip_guard import MAX_ENTRIES, guarded_archive, open_archive
from tests.ingest.office_files import TYPES, archive, docx_parts, odf_parts, xlsx_parts

MEMORY_BYTES = 40 * 1024 * 1024
SECONDS = 20


def ratio_bomb(path: Path) -> Path:
    return archive(path, docx_parts("", {"word/media/x.bin": bytes(200 * 1024 * 1024)}))


def many_entries(path: Path) -> Path:
    return archive(path, docx_parts("", {f"word/media/{number}": b"" for number in range(2 * MAX_ENTRIES)}))


def lying_sizes(path: Path) -> Path:
    """Every size in the archive says that a large entry is small."""
    large = b"<w:p/>" * 2_000_000
    archive(path, docx_parts("", {"word/extra.xml": large}))
    data = path.read_bytes().replace(struct.pack("<I", len(large)), struct.pack("<I", 100))
    path.write_bytes(data)
    return path


def overlapping(path: Path) -> Path:
    """Many names for the same packed bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", TYPES)
        file.writestr("word/document.xml", bytes(8 * 1024 * 1024))
        file.filelist += [file.filelist[1]] * 900
    return path


@pytest.mark.parametrize("make", [ratio_bomb, many_entries, lying_sizes, overlapping])
@pytest.mark.parametrize("name", ["bomb.docx", "bomb.pdf", "bomb"])
def test_bombs_are_refused_quickly_and_in_little_memory(
    tmp_path: Path, make: Callable[[Path], Path], name: str
) -> None:
    """Case 11, also under another name."""
    path = make(tmp_path / name)
    started = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(ParseError) as refused:
            detect(path, name).parse(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.code in ("unsupported", "unreadable")
    assert refused.value.reason.endswith(".")
    assert peak < MEMORY_BYTES
    assert time.process_time() - started < SECONDS


def test_nested_archives_are_not_opened(tmp_path: Path) -> None:
    """Case 11: what is embedded in a document is no part of it."""
    inner = ratio_bomb(tmp_path / "inner.docx").read_bytes()
    body = "<w:p><w:r><w:t>Only this.</w:t></w:r></w:p>"
    path = archive(tmp_path / "outer.docx", docx_parts(body, {"word/embeddings/inner.docx": inner}))
    assert DocxParser().parse(path).text == "Only this."


def test_list_of_entries_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.docx", docx_parts(""))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, at + 12, 0xFFFFFFF0)
    path.write_bytes(data)
    with pytest.raises(ParseError, match=r"files|damaged"):
        open_archive(path)


DOCTYPES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    f'<!--{" " * 400_000}--><!DOCTYPE x [<!ENTITY a "b">]>',
)


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", ["docx", "xlsx", "odt", "properties"])
def test_declared_entities_are_refused(tmp_path: Path, doctype: str, encoding: str, kind: str) -> None:
    """Case 12."""
    parts, part = {
        "docx": (docx_parts("<w:p><w:r><w:t>&c;</w:t></w:r></w:p>"), "word/document.xml"),
        "xlsx": (xlsx_parts({"A": ""}), "xl/worksheets/sheet1.xml"),
        "odt": (odf_parts("text", "<text:p>&a;</text:p>"), "content.xml"),
        "properties": (docx_parts("<w:p/>", {"docProps/core.xml": "<x/>"}), "docProps/core.xml"),
    }[kind]
    text = parts[part]
    assert isinstance(text, str)
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}{text}'
    path = archive(tmp_path / "x", {**parts, part: declared.encode(encoding)})
    with pytest.raises(ParseError, match="entities") as refused:
        detect(path, "x").parse(path)
    assert refused.value.code == "unsupported"


def test_page_of_a_book_may_say_that_it_is_html_but_declare_nothing(tmp_path: Path) -> None:
    good = archive(tmp_path / "good", {"a.xhtml": "<!DOCTYPE html><html/>"})
    with guarded_archive(good, doctypes=True) as opened:
        assert opened.namelist() == ["a.xhtml"]
    bad = archive(tmp_path / "bad", {"a.xhtml": '<!DOCTYPE html [<!ENTITY a "b">]><html/>'})
    with pytest.raises(ParseError, match="entities"), guarded_archive(bad, doctypes=True):
        pass


def test_archive_that_was_cut_off_is_called_damaged(tmp_path: Path) -> None:
    """Case 14."""
    path = archive(tmp_path / "x.docx", docx_parts("<w:p/>"))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ParseError) as refused:
        detect(path, "x.docx")
    assert refused.value.code == "unreadable"


def test_archive_with_a_password_is_called_protected(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.docx", docx_parts("<w:p/>"))
    data = path.read_bytes()
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        data = data[: at + offset] + b"\x01" + data[at + offset + 1 :]
    path.write_bytes(data)
    with pytest.raises(ParseError) as refused:
        DocxParser().parse(path)
    assert refused.value.code == "encrypted"
