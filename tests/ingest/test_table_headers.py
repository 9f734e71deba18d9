"""A part of a table is embedded with the table's header."""

from __future__ import annotations

import time

import pytest

from ingest.chunking import chunk_document
from ingest.parsers.base import ParsedDocument
from ingest.parsers.markdown import markdown_blocks
from ingest.pipeline import contextual, run_job
from ingest.table_headers import MAX_HEADER_CHARS, table_headers
from kb.library.models import Chunk, DocumentText
from kb.search.models import Embedding
from tests.fakes import FakeEncoder
from tests.ingest.conftest import Submit
from tests.ingest.test_chunking import starts

HEADER = "| Country | EUR |"
ROWS = [f"| Country number {number} | {number} |" for number in range(60)]
TABLE = "\n".join([HEADER, "| --- | --- |", *ROWS])
DOLLARS = TABLE.replace("EUR", "USD")
TEXT = f"# Rates\n\nAs of May:\n{TABLE}\n\nWords between | and more.\n\n{DOLLARS}\n\n| no table"


def chunks_of(text: str) -> list[tuple[int, int]]:
    parsed = ParsedDocument(text, "markdown", blocks=markdown_blocks(text))
    return [(span.start, span.end) for span in chunk_document(parsed, starts(text), 100)]


def test_every_part_of_a_cut_table_knows_its_own_header() -> None:
    spans = chunks_of(TEXT)
    headers = list(table_headers(TEXT, [start for start, _ in spans]))
    second = TEXT.index("USD")
    for (start, end), header in zip(spans, headers, strict=True):
        cut = TEXT[start:end].startswith("| Country number")
        assert header == (HEADER.replace("EUR", "USD" if start > second else "EUR") if cut else "")
    assert sum(map(bool, headers)) > 4


def test_part_that_is_asked_for_alone_knows_its_header_too() -> None:
    for start, _ in chunks_of(TEXT):
        (alone,) = table_headers(TEXT, [start])
        assert bool(alone) == TEXT.startswith("| Country number", start)


def test_header_is_bounded() -> None:
    wide = f"| {'word ' * 200} | b |\n| --- | --- |\n| 1 | 2 |"
    assert [len(found) for found in table_headers(wide, [wide.index("| 1")])] == [MAX_HEADER_CHARS]


def test_long_table_takes_no_time() -> None:
    """Case 29."""
    text = "| a | b |\n| --- | --- |\n" + "| 1 | 2 |\n" * 200_000
    started = time.process_time()
    positions = range(24, len(text), 10 * 20)
    assert set(table_headers(text, positions)) == {"| a | b |"}
    assert time.process_time() - started < 5


@pytest.mark.django_db
def test_what_is_embedded_begins_with_the_header(submit: Submit, encoder: FakeEncoder) -> None:
    document = submit(f"# Rates\n\n{TABLE}", "rates.md").document
    run_job(document.job.pk)
    chunks = list(Chunk.objects.filter(document=document).order_by("ordinal"))
    parts = [chunk for chunk in chunks if chunk.text.startswith("| Country number")]
    assert parts
    for chunk in parts:
        text = contextual("Rates", chunk.heading_path, chunk.text, HEADER)
        stored = Embedding.objects.get(chunk=chunk)
        assert bytes(stored.vector) == encoder.embed_passages([text])[0].astype("<f2").tobytes()
        assert DocumentText.objects.get(document=document).text[chunk.start : chunk.end] == chunk.text
