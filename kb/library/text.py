"""The text of a document as its page shows it: rendered, cut into parts, with the quoted words marked.

Spans are [start, end) in characters of the document's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe

from kb.library.models import Document, DocumentText, TextFormat
from kb.library.veil import Veil
from kb.pages import whole_number
from kb.rag.highlight import highlight
from kb.rag.render import render_block

# Rendering costs time in proportion to the text, and a browser would choke on a book: one part at a time.
PART_CHARS = 150_000
_QUOTE_ID = ' id="quote"'

Span = tuple[int, int]


@dataclass(frozen=True)
class Section:
    """A page, or a stretch of a text without pages (`number` is None)."""

    number: int | None
    html: SafeString


@dataclass(frozen=True)
class Part:
    """Part `index` (from 1) of `count`."""

    index: int
    count: int
    sections: list[Section]


def quoted_span(document: Document, query: Mapping[str, str]) -> Span | None:
    """The words that the address asks for: `start` and `end`, else the chunk `chunk`; None for neither.

    A chunk that is gone (the document was indexed anew) or of another document marks nothing.
    """
    start, end = (whole_number(query.get(name, ""), -1) for name in ("start", "end"))
    if 0 <= start < end:
        return start, end
    chunk_id = whole_number(query.get("chunk", ""), -1)
    chunk = document.chunks.filter(pk=chunk_id).values_list("start", "end").first() if chunk_id > 0 else None
    return chunk


def other_versions(document: Document) -> list[Document]:
    """The versions beside this one that can be opened, newest first."""
    versions = Document.objects.filter(
        collection_id=document.collection_id, external_id=document.external_id, deleted_at=None
    )
    return list(versions.exclude(pk=document.pk).order_by("-version")[:20])


def part_of(document: Document, span: Span | None, wanted: int, page: int, veil: Veil) -> Part | None:
    """The wanted part (from 1), else the one that holds the page or the span, else the first.

    None without a text. What the reader may not see is blacked out; every span keeps its place.
    """
    parsed = DocumentText.objects.filter(document=document).first()
    if parsed is None:
        return None
    parts = list(_parts(parsed, _title_end(document, parsed)))
    index = min(wanted, len(parts)) or _index_with_page(parts, page) or _index_of(parts, span)
    sections: list[Section] = []
    begin, finish = parts[index - 1][0][1], parts[index - 1][-1][2]
    covered = veil.in_place(document.collection_id, parsed.text[begin:finish])
    parsed.text = f"{parsed.text[:begin]}{covered}{parsed.text[finish:]}"
    for number, start, end in parts[index - 1]:
        html = _html(parsed, start, end, span)
        if any(_QUOTE_ID in section.html for section in sections):
            html = html.replace(_QUOTE_ID, "")  # words across a page break: an id stands once on a page
        # Both renderers escape or sanitise all of the document's text.
        sections.append(Section(number, mark_safe(html)))  # noqa: S308
    return Part(index, len(parts), sections)


def _index_with_page(parts: list[list[tuple[int | None, int, int]]], page: int) -> int:
    """The part (from 1) that shows the page, 0 where none does."""
    return next(
        (at for at, part in enumerate(parts, start=1) if any(number == page for number, _, _ in part)), 0
    )


def _index_of(parts: list[list[tuple[int | None, int, int]]], span: Span | None) -> int:
    start = span[0] if span else 0
    holding = (index for index, part in enumerate(parts, start=1) if start < part[-1][2])
    return next(holding, 1)


def _title_end(document: Document, parsed: DocumentText) -> int:
    """Where the text goes on after a first heading that only repeats the title above it."""
    first_line, _, _ = parsed.text.partition("\n")
    repeats = not parsed.pages and first_line.lstrip("# ").strip() == document.title and first_line[:1] == "#"
    return len(first_line) if repeats else 0


def _parts(parsed: DocumentText, begin: int) -> Iterator[list[tuple[int | None, int, int]]]:
    """Sections as (page number, start, end), gathered until a part is full."""
    part: list[tuple[int | None, int, int]] = []
    for number, start, end in _sections(parsed, begin):
        if part and end - part[0][1] > PART_CHARS:
            yield part
            part = []
        part.append((number, start, end))
    yield part or [(None, 0, 0)]


def _sections(parsed: DocumentText, begin: int) -> Iterator[tuple[int | None, int, int]]:
    if parsed.pages:
        yield from ((number, start, end) for number, (start, end) in enumerate(parsed.pages, start=1))
        return
    start, length = begin, len(parsed.text)
    while start < length:
        end = _cut(parsed.text, start) if length - start > PART_CHARS else length
        yield None, start, end
        start = end


def _cut(text: str, start: int) -> int:
    """Where a part from `start` may end: before a heading, else between paragraphs, else anywhere."""
    least, most = start + PART_CHARS // 2, start + PART_CHARS
    for border in ("\n# ", "\n## ", "\n\n"):
        found = text.rfind(border, least, most)
        if found >= 0:
            return found + 1
    return most


def _html(parsed: DocumentText, start: int, end: int, span: Span | None) -> str:
    text = parsed.text[start:end]
    render = (
        render_block if parsed.text_format == TextFormat.MARKDOWN else partial(linebreaks, autoescape=True)
    )
    if span and span[0] < end and span[1] > start:
        return highlight(text, max(span[0] - start, 0), min(span[1], end) - start, render)
    return render(text)
