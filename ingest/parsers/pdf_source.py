"""The text of each page from the reader that reads it best: PDFium, or pypdf where PDFium's is unsound."""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ingest.parsers.pdf_lines import Line
from ingest.parsers.pdf_pdfium import open_page, pdfium_lines
from ingest.parsers.pdf_pypdf import pypdf_lines

T = TypeVar("T")
Source = Literal["pdfium", "pypdf", "ocr"]

# Of the characters of a page, so many may stand for none (no entry in the font's table of Unicode values)
# before the other reader is asked as well.
MAX_UNSOUND_SHARE = 0.1
# A page that a picture covers is a scan where its text has no more letters than stamps and numbers have.
MAX_STAMP_LETTERS = 150
MIN_COVERED = 0.6  # of the page's area, by the picture
_DEEPEST_FORM = 4
# Text drawn as curves has at least this many of them.
MIN_CURVES = 50

# What pypdf raises on a damaged file, besides its own errors.
DAMAGED = (
    *(PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, AssertionError),
    *(ArithmeticError, NotImplementedError, RecursionError),
)


@dataclass(frozen=True)
class PageText:
    """What was read of a page.

    Attributes:
        unseen: lines of words that nobody sees.
        is_picture: there is no text, and something is drawn that may be a picture of text; or a picture
            covers the page and the text is no longer than a stamp's.
        is_damaged: no reader could read it.
        confidence: of recognised text, 0 to 1.
    """

    lines: list[Line] = field(default_factory=list)
    source: Source = "pdfium"
    unseen: list[Line] = field(default_factory=list)
    is_picture: bool = False
    is_damaged: bool = False
    confidence: float | None = None


def read_page(document: pdfium.PdfDocument | None, reader: PdfReader | None, index: int) -> PageText:
    """Read page `index` (from 0).

    Args:
        document, reader: the same file in both readers, None for the one that cannot open it.
    """
    found, unseen, is_picture = _by_pdfium(document, index) if document is not None else (None, [], False)
    if found is not None and soundness(found) >= 1 - MAX_UNSOUND_SHARE:
        return PageText(found, unseen=unseen, is_picture=is_picture)
    other = _by_pypdf(reader, index) if reader is not None else None
    if other is not None and (found is None or soundness(other) > soundness(found)):
        waits = is_picture and letters_of(other) <= MAX_STAMP_LETTERS
        return PageText(other, "pypdf", is_picture=waits)
    return PageText(found or [], unseen=unseen, is_picture=is_picture, is_damaged=found is None)


def has_text(lines: Iterable[Line]) -> bool:
    return any(char.isalnum() for line in lines for char in line.text)


def letters_of(lines: Iterable[Line]) -> int:
    return sum(char.isalnum() for line in lines for char in line.text)


def soundness(lines: Iterable[Line]) -> float:
    """The share of characters that stand for something; 1 for a page without any."""
    total = unsound = 0
    for line in lines:
        total += len(line.text)
        if not line.text.isascii():
            unsound += sum(map(_is_unsound, line.text))
    return 1 - unsound / total if total else 1.0


def _is_unsound(char: str) -> bool:
    return char == "\ufffd" or unicodedata.category(char) in ("Co", "Cn", "Cc")


def _by_pdfium(document: pdfium.PdfDocument, index: int) -> tuple[list[Line] | None, list[Line], bool]:
    """The lines, None where the page cannot be read; those unseen; whether it may be a picture of text."""
    try:
        page = open_page(document, index)
    except pdfium.PdfiumError:
        return None, [], False
    try:
        lines, unseen = pdfium_lines(page)
        return lines, unseen, _is_picture(page, lines)
    except pdfium.PdfiumError:
        return None, [], _shows_pictures(page)
    finally:
        page.close()


def _is_picture(page: pdfium.PdfPage, lines: list[Line]) -> bool:
    if not has_text(lines):
        return _shows_pictures(page)
    return letters_of(lines) <= MAX_STAMP_LETTERS and _is_covered(page)


def _is_covered(page: pdfium.PdfPage) -> bool:
    """Whether one picture covers most of the page."""
    width, height = page.get_size()
    edges = [ctypes.c_float() for _ in range(4)]
    for at in range(pdfium_c.FPDFPage_CountObjects(page.raw)):
        drawn = pdfium_c.FPDFPage_GetObject(page.raw, at)
        if not _holds_image(drawn) or not pdfium_c.FPDFPageObj_GetBounds(drawn, *edges):
            continue
        left, bottom, right, top = (edge.value for edge in edges)
        if (right - left) * (top - bottom) >= MIN_COVERED * width * height:
            return True
    return False


def _holds_image(drawn: pdfium_c.FPDF_PAGEOBJECT, depth: int = 0) -> bool:
    """Programs that stamp a page often wrap what was on it into a form."""
    kind = pdfium_c.FPDFPageObj_GetType(drawn)
    if kind != pdfium_c.FPDF_PAGEOBJ_FORM or depth == _DEEPEST_FORM:
        return bool(kind == pdfium_c.FPDF_PAGEOBJ_IMAGE)
    inside = range(pdfium_c.FPDFFormObj_CountObjects(drawn))
    return any(_holds_image(pdfium_c.FPDFFormObj_GetObject(drawn, at), depth + 1) for at in inside)


def _shows_pictures(page: pdfium.PdfPage) -> bool:
    curves = 0
    for at in range(pdfium_c.FPDFPage_CountObjects(page.raw)):
        kind = pdfium_c.FPDFPageObj_GetType(pdfium_c.FPDFPage_GetObject(page.raw, at))
        curves += kind in (pdfium_c.FPDF_PAGEOBJ_PATH, pdfium_c.FPDF_PAGEOBJ_TEXT)
        if kind in (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_FORM) or curves >= MIN_CURVES:
            return True
    return False


def _by_pypdf(reader: PdfReader, index: int) -> list[Line] | None:
    return attempt(lambda: pypdf_lines(reader.pages[index]))


def attempt(read: Callable[[], T]) -> T | None:
    """What pypdf reads, or None where the file is too damaged for it."""
    try:
        return read()
    except DAMAGED:
        return None
