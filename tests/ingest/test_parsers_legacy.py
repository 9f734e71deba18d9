"""Documents of Office 97 to 2003."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.parsers.base import ParseError
from ingest.parsers.containers import compound_properties
from ingest.parsers.legacy_office import DocParser, PptParser
from ingest.parsers.spreadsheet import SpreadsheetParser
from ingest.sandbox import Sandbox

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(("parser", "newer"), [(DocParser(), ".docx"), (PptParser(), ".pptx")])
@pytest.mark.parametrize("data", [COMPOUND + bytes(2000), COMPOUND, b"", b"words"])
def test_what_cannot_be_turned_into_a_newer_format_says_what_to_do(
    tmp_path: Path, parser: DocParser | PptParser, newer: str, data: bytes
) -> None:
    """Case 14."""
    path = tmp_path / "old"
    path.write_bytes(data)
    with pytest.raises(ParseError, match=newer) as refused:
        parser.parse(path)
    assert refused.value.code == "unsupported"


@pytest.mark.eval_data
def test_older_documents_are_read_in_the_sandbox(eval_data: Path) -> None:
    with Sandbox(timeout_s=60, memory_mb=512) as sandbox:
        for name, words in (
            ("doc/sources/legacy_sample.doc", "Swim"),
            ("ppt/sources/legacy_sample.ppt", "Notes:"),
        ):
            path = eval_data / "parsing" / name
            assert words in sandbox.parse(path, path.name).text


@pytest.mark.eval_data
def test_older_workbooks_tell_their_author(eval_data: Path) -> None:
    path = eval_data / "robust-files" / "poi" / "spreadsheet_24215.xls"
    assert SpreadsheetParser().parse(path).metadata["author"] == "Heikki Halme"


@pytest.mark.parametrize("data", [COMPOUND + bytes(2000), COMPOUND, b""])
def test_broken_compound_file_has_no_properties(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "old"
    path.write_bytes(data)
    assert compound_properties(path) == (None, {})


@pytest.mark.eval_data
def test_empty_older_workbook_says_to_save_it_as_xlsx(eval_data: Path) -> None:
    """Of these the cells alone are read; what hangs on them is in the newer format."""
    path = eval_data / "robust-files" / "poi" / "spreadsheet_noHeaderFooter47244.xls"
    with pytest.raises(ParseError, match=r"save it as \.xlsx") as refused:
        SpreadsheetParser().parse(path)
    assert refused.value.code == "empty"
