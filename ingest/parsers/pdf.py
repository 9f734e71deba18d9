"""PDF: PDFium for the text and the places of words, pypdf for outline, properties and passwords."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image
from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError
from pypdf.generic import Destination

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.pdf_document import printed_document
from ingest.parsers.pdf_layout import heading_key
from ingest.parsers.pdf_pdfium import open_page
from ingest.parsers.pdf_properties import properties_of, title_of
from ingest.parsers.pdf_source import DAMAGED, attempt, read_page
from ingest.parsers.pictures import PageRequest, fitting_scale, no_page
from ingest.parsers.recognised import RecognisedPage

MAX_PAGES = 5000
MAX_OUTLINE_ENTRIES = 5000


class PdfParser:
    name = "pdf"
    extensions = (".pdf",)

    def __init__(self, max_pages: int = MAX_PAGES) -> None:
        self.max_pages = max_pages

    def parse(self, path: Path) -> ParsedDocument:
        return self._parse(path, None)

    def parse_recognised(self, path: Path, recognised: Mapping[int, RecognisedPage]) -> ParsedDocument:
        return self._parse(path, recognised)

    def draw(self, path: Path, page: PageRequest) -> Image.Image:
        document = _open_pdfium(path)
        if document is None or page.number > len(document):
            raise no_page()
        try:
            shown = open_page(document, page.number - 1)
            scale = fitting_scale(shown.get_size(), page.width)
            image: Image.Image = shown.render(scale=scale).to_pil()
            return image
        except pdfium.PdfiumError as error:
            raise no_page() from error
        finally:
            document.close()

    def _parse(self, path: Path, recognised: Mapping[int, RecognisedPage] | None) -> ParsedDocument:
        reader = _open_pypdf(path)
        document = _open_pdfium(path)
        try:
            page_count = _page_count(document, reader)
            if page_count > self.max_pages:
                raise _too_many_pages(page_count, self.max_pages)
            return _read(document, reader, page_count, recognised)
        finally:
            if document is not None:
                document.close()


def _read(
    document: pdfium.PdfDocument | None,
    reader: PdfReader | None,
    page_count: int,
    recognised: Mapping[int, RecognisedPage] | None,
) -> ParsedDocument:
    pages = [read_page(document, reader, index) for index in range(page_count)]
    if all(page.is_damaged for page in pages):
        raise _unreadable()
    outline = attempt(lambda: _outline_levels(reader)) if reader is not None else None
    title = attempt(lambda: title_of(reader)) if reader is not None else None
    printed = printed_document(pages, outline, title, recognised)
    told = properties_of(reader) if reader is not None else {}
    return replace(printed, metadata={**told, **printed.metadata})


def _open_pypdf(path: Path) -> PdfReader | None:
    """The file in pypdf, or None where it is too damaged for it.

    Raises:
        ParseError: encrypted.
    """
    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            _unlock(reader)
    except DependencyError as error:
        # A cipher that needs a library which is not installed.
        raise _encrypted() from error
    except DAMAGED:
        return None
    return reader


def _open_pdfium(path: Path) -> pdfium.PdfDocument | None:
    """The same in PDFium, which opens files that only restrict printing or copying by itself."""
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise _encrypted() from error
        return None


def _page_count(document: pdfium.PdfDocument | None, reader: PdfReader | None) -> int:
    counts = [len(document)] if document is not None else []
    if not any(counts) and reader is not None:
        counts.append(attempt(lambda: len(reader.pages)) or 0)
    if not counts:
        raise _unreadable()
    return counts[-1]


def _too_many_pages(count: int, limit: int) -> ParseError:
    return ParseError(
        "too_many_pages",
        f"The PDF has {count:,} pages; {limit:,} is the limit. Split it and upload the parts.",
    )


def _unlock(reader: PdfReader) -> None:
    # Many files restrict only printing or copying: they open with the empty password.
    unlocked = False
    with contextlib.suppress(FileNotDecryptedError, NotImplementedError):
        unlocked = bool(reader.decrypt(""))
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


def _outline_levels(reader: PdfReader) -> dict[str, int]:
    levels: dict[str, int] = {}
    for title, level in _walk_outline(reader.outline, 1):
        if len(levels) >= MAX_OUTLINE_ENTRIES:
            break
        key = heading_key(title)
        if key and not key.isdigit():
            levels.setdefault(key, level)
    return levels


def _walk_outline(entries: list[Any], level: int) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _walk_outline(entry, level + 1)
        elif isinstance(entry, Destination) and entry.title:
            yield str(entry.title), min(level, 6)
