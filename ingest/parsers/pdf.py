"""PDF: the text layer, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError
from pypdf.generic import Destination

from ingest.parsers.base import Block, ParsedDocument, ParseError, clean_title
from ingest.parsers.pdf_layout import document_style, heading_key, page_paragraphs
from ingest.parsers.pdf_lines import Line, page_lines

MAX_PAGES = 5000
MAX_OUTLINE_ENTRIES = 5000

# Names that programs put in when nobody wrote a title.
_NO_TITLE = re.compile(
    r"title|untitled.*"
    r"|(?:microsoft (?:word|powerpoint|excel)|powerpoint presentation|slide \d+|document\d*)\b.*"
    r"|.*\.(?:docx?|pdf|pptx?|xlsx?|indd|tex|dvi|rtf|odt|qxd|fm|ai|eps|html?)|[\d\W_]*",
    re.IGNORECASE | re.DOTALL,
)

# What pypdf raises on a damaged file, besides its own errors.
_DAMAGED = (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, AssertionError)
_DAMAGED_ARITHMETIC = (ArithmeticError, NotImplementedError, RecursionError)


class PdfParser:
    name = "pdf"
    extensions = (".pdf",)

    def __init__(self, max_pages: int = MAX_PAGES) -> None:
        self.max_pages = max_pages

    def parse(self, path: Path) -> ParsedDocument:
        try:
            reader = PdfReader(path)
            _unlock(reader)
            return self._read(reader, len(reader.pages))
        except DependencyError as error:
            # A cipher that needs a library which is not installed.
            raise _encrypted() from error
        except (*_DAMAGED, *_DAMAGED_ARITHMETIC) as error:
            raise _unreadable() from error

    def _read(self, reader: PdfReader, page_count: int) -> ParsedDocument:
        if page_count > self.max_pages:
            raise ParseError(
                "too_many_pages",
                f"The PDF has {page_count:,} pages; {self.max_pages:,} is the limit. Split it and upload the "
                "parts.",
            )
        pages, damaged = _read_pages(reader, page_count)
        if not any(map(str.isalnum, (char for page in pages for line in page for char in line.text))):
            if page_count and len(damaged) == page_count:
                raise _unreadable()
            raise ParseError(
                "no_text_layer",
                "The PDF holds pictures of pages and no text. Run text recognition (OCR) on it and upload "
                "the result.",
            )
        return _document(reader, pages, damaged)


def _unlock(reader: PdfReader) -> None:
    if not reader.is_encrypted:
        return
    # Many files restrict only printing or copying: they open with the empty password.
    try:
        unlocked = bool(reader.decrypt(""))
    except (FileNotDecryptedError, NotImplementedError):
        unlocked = False
    if not unlocked:
        raise _encrypted()


def _encrypted() -> ParseError:
    return ParseError(
        "encrypted", "The PDF is protected by a password. Save a copy without the password and upload that."
    )


def _unreadable() -> ParseError:
    return ParseError(
        "unreadable",
        "The PDF is damaged or is not a PDF. Open it in a viewer; if it shows, print it to a new PDF and "
        "upload that.",
    )


def _read_pages(reader: PdfReader, page_count: int) -> tuple[list[list[Line]], list[int]]:
    """The lines of each page, and the numbers from 1 of the pages that could not be read."""
    pages: list[list[Line]] = []
    damaged: list[int] = []
    for number in range(page_count):
        try:
            pages.append(page_lines(reader.pages[number]))
        except (*_DAMAGED, *_DAMAGED_ARITHMETIC):
            pages.append([])
            damaged.append(number + 1)
    return pages, damaged


def _document(reader: PdfReader, pages: Sequence[Sequence[Line]], damaged: list[int]) -> ParsedDocument:
    style = document_style(pages, _outline_levels(reader))
    text: list[str] = []
    blocks: list[Block] = []
    spans: list[tuple[int, int]] = []
    position = 0
    for page in pages:
        page_start = position
        for paragraph in page_paragraphs(page, style):
            if position:
                text.append("\n\n")
                position += 2
            if not blocks or blocks[-1].end <= page_start:
                page_start = position
            text.append(paragraph.text)
            blocks.append(Block(paragraph.kind, position, position + len(paragraph.text), paragraph.level))
            position += len(paragraph.text)
        spans.append((page_start, position))
    whole = "".join(text)
    metadata: dict[str, Any] = {"page_count": len(pages)}
    empty = [number for number, (start, end) in enumerate(spans, 1) if start == end and number not in damaged]
    for key, numbers in (("pages_without_text", empty), ("pages_unreadable", damaged)):
        if numbers:
            metadata[key] = numbers
    return ParsedDocument(whole, "plain", _title(reader), tuple(spans), tuple(blocks), metadata)


def _title(reader: PdfReader) -> str | None:
    """The title in the properties. The largest line of the first page is too often a letterhead or a date."""
    try:
        title = clean_title(reader.metadata.title if reader.metadata else None)
    except (*_DAMAGED, *_DAMAGED_ARITHMETIC):
        return None
    return None if title is None or _NO_TITLE.fullmatch(title) else title


def _outline_levels(reader: PdfReader) -> dict[str, int]:
    levels: dict[str, int] = {}
    try:
        for title, level in _walk_outline(reader.outline, 1):
            if len(levels) >= MAX_OUTLINE_ENTRIES:
                break
            key = heading_key(title)
            if key and not key.isdigit():
                levels.setdefault(key, level)
    except (*_DAMAGED, *_DAMAGED_ARITHMETIC):
        return {}
    return levels


def _walk_outline(entries: list[Any], level: int) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _walk_outline(entry, level + 1)
        elif isinstance(entry, Destination) and entry.title:
            yield str(entry.title), min(level, 6)
