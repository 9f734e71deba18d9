"""Printed pages, of a PDF or of pictures, as one document with the span of each page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ingest.parsers.base import Block, ParsedDocument, ParseError
from ingest.parsers.pdf_layout import Paragraph, document_style, page_paragraphs
from ingest.parsers.pdf_lines import Line
from ingest.parsers.pdf_running import drop_running_lines
from ingest.parsers.pdf_source import PageText, has_text, letters_of
from ingest.parsers.recognised import RecognisedPage, recognition_metadata

MAX_RUNNING_LINES = 20
# Recognised text takes the place of a text layer that holds less than one letter in so many of it.
_MORE_LETTERS = 2


def printed_document(
    pages: Sequence[PageText],
    outline: Mapping[str, int] | None = None,
    title: str | None = None,
    recognised: Mapping[int, RecognisedPage] | None = None,
) -> ParsedDocument:
    """The document of printed pages.

    Args:
        outline: the level of each outline title, by `heading_key`.
        recognised: by the number of the page; None where text recognition has not been at work.

    Raises:
        ParseError: no_text_layer with the pages that wait for text recognition; empty.
    """
    pages = [
        _with_recognised(page, (recognised or {}).get(number)) for number, page in enumerate(pages, start=1)
    ]
    if not any(has_text(page.lines) or has_text(page.unseen) for page in pages):
        raise _no_text(pages, recognised)
    lines, running = drop_running_lines([page.lines for page in pages])
    style = document_style(lines, outline or {})
    writer = _PageWriter()
    for page, kept in zip(pages, lines, strict=True):
        writer.write(page_paragraphs(kept, style), page.unseen)
    metadata = _metadata(pages, running) | recognition_metadata(recognised or {})
    return writer.document(title, metadata)


class _PageWriter:
    """Puts paragraphs behind each other; what nobody sees of a page stands at its end, marked."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._blocks: list[Block] = []
        self._pages: list[tuple[int, int]] = []
        self._hidden: list[tuple[int, int]] = []
        self._position = 0

    def write(self, paragraphs: Iterable[Paragraph], unseen: Sequence[Line]) -> None:
        """One page."""
        first, begin = len(self._blocks), self._position
        for paragraph in paragraphs:
            self._add(paragraph)
        if unseen:
            self._add(Paragraph("paragraph", "\n".join(line.text for line in unseen)))
            self._hidden.append((self._blocks[-1].start, self._blocks[-1].end))
        if first < len(self._blocks):
            begin = self._blocks[first].start
        self._pages.append((begin, self._position))

    def _add(self, paragraph: Paragraph) -> None:
        if self._position:
            self._text.append("\n\n")
            self._position += 2
        end = self._position + len(paragraph.text)
        self._text.append(paragraph.text)
        self._blocks.append(Block(paragraph.kind, self._position, end, paragraph.level))
        self._position = end

    def document(self, title: str | None, metadata: dict[str, Any]) -> ParsedDocument:
        spans, blocks, hidden = tuple(self._pages), tuple(self._blocks), tuple(self._hidden)
        return ParsedDocument("".join(self._text), "markdown", title, spans, blocks, metadata, hidden)


def _metadata(pages: Sequence[PageText], running: list[str]) -> dict[str, Any]:
    """What a person should know of how the text came about; numbers of pages count from 1."""
    numbered = list(enumerate(pages, start=1))
    lists = {
        "pages_without_text": [n for n, page in numbered if not page.is_damaged and not has_text(page.lines)],
        "pages_unreadable": [n for n, page in numbered if page.is_damaged],
        "pages_to_recognise": [n for n, page in numbered if page.is_picture and page.source != "ocr"],
        "pages_read_by_pypdf": [n for n, page in numbered if page.source == "pypdf"],
        "repeated_lines": running[:MAX_RUNNING_LINES],
    }
    return {
        "page_count": len(pages),
        "page_images": True,
        **{key: found for key, found in lists.items() if found},
    }


def _with_recognised(page: PageText, found: RecognisedPage | None) -> PageText:
    """What was recognised stands for the page; of a stamp's text, what it does not hold comes first."""
    if found is None or not page.is_picture:
        return page
    if letters_of(found.lines) < _MORE_LETTERS * letters_of(page.lines):
        return replace(page, is_picture=False)
    seen = {_letters(line) for line in found.lines}
    stamps = [line for line in page.lines if _letters(line) not in seen]
    return replace(page, lines=[*stamps, *found.lines], source="ocr")


def _letters(line: Line) -> str:
    return "".join(filter(str.isalnum, line.text.casefold()))


def _no_text(pages: Sequence[PageText], recognised: Mapping[int, RecognisedPage] | None) -> ParseError:
    waiting = [number for number, page in enumerate(pages, start=1) if page.is_picture]
    if not waiting:
        return ParseError(
            "empty",
            "The pages are blank, or show lines and shapes without words. If you can read words on them, "
            "save the pages as pictures (PNG) and upload those: text recognition reads pictures.",
        )
    if recognised is not None:
        return ParseError(
            "empty",
            "Text recognition found no words on the pages. If a reader can read them, scan them again with "
            "more contrast or at 300 points per inch.",
        )
    return no_text_layer("The file holds pictures of pages and no text", waiting)


def no_text_layer(what: str, pages: Iterable[int]) -> ParseError:
    """Raised for what only text recognition can read; whoever has none shows this reason."""
    return ParseError(
        "no_text_layer", f"{what}, and text recognition (OCR) has not read it.", pages=tuple(pages)
    )
