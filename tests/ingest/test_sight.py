"""Chunks end where a document changes between what is seen and what is hidden."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pptx
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunking import chunk_document
from ingest.flagging import flag_chunks
from ingest.parsers.base import ParsedDocument
from ingest.parsers.markdown import markdown_blocks
from ingest.parsers.pptx import PptxParser
from ingest.sight import cut, sight_borders
from kb.library.flags import HIDDEN_TEXT


def chunks(parsed: ParsedDocument) -> list[tuple[str, bool]]:
    """Texts, and whether they are withheld for hidden words."""
    spans = chunk_document(parsed, range(0, len(parsed.text), 4), 200)
    flags = flag_chunks("Rules", parsed, spans)
    return [
        (parsed.text[span.start : span.end], any(flag.reason == HIDDEN_TEXT for flag in found))
        for span, found in zip(spans, flags, strict=True)
    ]


def test_hidden_slide_does_not_take_its_neighbours_with_it(tmp_path: Path) -> None:
    made = pptx.Presentation()
    for title, words in (("Vacation", "27 days."), ("Secret plan", "Draft."), ("Sickness", "Day three.")):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = words
    made.slides[1]._element.set("show", "0")
    made.save(str(tmp_path / "s.pptx"))
    found = chunks(PptxParser().parse(tmp_path / "s.pptx"))
    assert [withheld for _, withheld in found] == [False, True, False]
    assert "27 days" in found[0][0] and "Secret plan" in found[1][0] and "Day three" in found[2][0]


def document(text: str, *hidden: str) -> ParsedDocument:
    spans = tuple((text.index(words), text.index(words) + len(words)) for words in hidden)
    return ParsedDocument(text, "markdown", blocks=markdown_blocks(text), hidden=spans)


def test_hidden_table_is_a_chunk_of_its_own() -> None:
    text = "Seen before.\n\n| yes |\n| --- |\n| no |\n\nSeen behind."
    assert chunks(document(text, "yes", "no")) == [
        ("Seen before.", False),
        ("| yes |\n| --- |\n| no |", True),
        ("Seen behind.", False),
    ]


def test_paragraph_that_is_hidden_in_part_stays_whole() -> None:
    text = "Seen before.\n\nSeen, then hidden words.\n\nSeen behind."
    assert sight_borders(document(text, "hidden words")) == []
    assert chunks(document(text, "hidden words")) == [(text, True)]


def test_document_without_hidden_words_is_cut_as_ever() -> None:
    assert sight_borders(document("One.\n\nTwo.")) == []


@given(st.integers(0, 50), st.integers(0, 50), st.lists(st.integers(0, 100), unique=True))
def test_parts_cover_a_span(start: int, length: int, borders: list[int]) -> None:
    parts = list(cut(start, start + length, sorted(borders)))
    assert parts[0][0] == start and parts[-1][1] == start + length
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert {part[0] for part in parts[1:]} == {at for at in borders if start < at < start + length}
