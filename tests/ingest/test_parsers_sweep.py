"""Real files, good and broken: each gives text, or a reason that a person understands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.chunking import chunk_document
from ingest.fidelity import compare, mean, readable
from ingest.parsers import EXTENSIONS, ParsedDocument, ParseError
from ingest.parsers.images import ImageParser
from ingest.sandbox import Sandbox
from tests.ingest.test_chunking import starts

pytestmark = pytest.mark.eval_data

ROBUST_SAMPLE = 40
CODES = {"empty", "encrypted", "no_text_layer", "not_text", "output_too_large", "unreadable", "unsupported"}
OFFICE = ("asciidoc", "csv", "doc", "docx", "epub", "odf", "ppt", "pptx", "xls", "xlsx")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_mb=1024) as running:
        yield running


def files(folder: Path) -> list[Path]:
    """All but pictures, some of which lie beside the pages that show them."""
    read = EXTENSIONS - set(ImageParser.extensions)
    found = sorted(path for path in folder.rglob("*") if path.suffix in read)
    assert found, f"no files in {folder}"
    return found


def check(parsed: ParsedDocument) -> None:
    assert any(map(str.isalnum, parsed.text))
    chunks = chunk_document(parsed, starts(parsed.text))
    joined = "".join(parsed.text[span.start : span.end] for span in chunks)
    assert "".join(joined.split()) == "".join(parsed.text.split())
    if parsed.pages:
        assert all(
            1 <= (span.page_start or 0) <= (span.page_end or 0) <= len(parsed.pages) for span in chunks
        )


def test_every_page_of_a_real_handbook_is_read(sandbox: Sandbox, eval_data: Path) -> None:
    pages = files(eval_data / "tts-handbook" / "docs_noheads")
    for path in pages:
        check(sandbox.parse(path, path.name))


@pytest.mark.parametrize("kind", ["html", "md", "pdf"])
def test_real_files_are_read(sandbox: Sandbox, eval_data: Path, kind: str) -> None:
    for path in files(eval_data / "parsing" / kind / "sources"):
        check(sandbox.parse(path, path.name))


@pytest.mark.parametrize("kind", OFFICE)
def test_real_office_files_are_read_whole(sandbox: Sandbox, eval_data: Path, kind: str) -> None:
    """Nine in ten words of the reviewed text come out, on average over the files of a format."""
    found = []
    for path in files(eval_data / "parsing" / kind / "sources"):
        wanted = path.parents[1] / "groundtruth" / f"{path.name}.md"
        if wanted.exists():
            parsed = sandbox.parse(path, path.name)
            check(parsed)
            truth = readable(wanted.read_text(encoding="utf-8"))
            found.append(compare(readable(parsed.text, parsed.format), truth).token_f1)
    assert mean(found) > 0.85


def test_office_files_of_the_odd_kind_end_in_text_or_a_reason(sandbox: Sandbox, eval_data: Path) -> None:
    """Cases 13 and 14: every one of them, within the limits."""
    read = 0
    every = sorted((eval_data / "robust-files" / "poi").iterdir())
    for path in every:
        try:
            check(sandbox.parse(path, path.name))
            read += 1
        except ParseError as error:
            assert error.code in CODES, path
            assert error.reason.endswith("."), path
            assert error.detail == "", path
    assert read > len(every) * 0.7


def test_odd_and_broken_files_give_text_or_a_reason(sandbox: Sandbox, eval_data: Path) -> None:
    """Cases 13 and 14."""
    every = files(eval_data / "robust-files")
    read = 0
    for path in every[:: max(1, len(every) // ROBUST_SAMPLE)]:
        try:
            check(sandbox.parse(path, path.name))
            read += 1
        except ParseError as error:
            assert error.code in CODES, path
            assert error.reason.endswith("."), path
            assert error.detail == "", path
    assert read > ROBUST_SAMPLE // 3
