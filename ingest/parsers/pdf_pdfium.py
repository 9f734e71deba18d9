"""The lines of a PDF page as PDFium reads them, with the place of every word.

The text is drawn-order text: PDFium marks line ends, and replaces a hyphen at one by a mark of its own.
"""

from __future__ import annotations

import ctypes
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.parsers.pdf_lines import Line, Word, clean_line, finite, half_points, is_bold_font
from ingest.parsers.pdf_raised import with_raised
from ingest.parsers.pdf_unseen import Visibility

_LINE_ENDS = (10, 13)
# A hyphen at the end of a line; the line end after it is left out.
_BROKEN_HYPHENS = (0x2, 0xFFFE)
_SPACES = frozenset(
    map(ord, " \t\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u3000")
)
# PDFium turns right-to-left text around letter by letter, also the two letters that one glyph stands for.
_ALEFS, _LAM = "\u0622\u0623\u0625\u0627", "\u0644"
_SCRIPT_CHANGE = re.compile(
    "(?<=[\u0590-\u07ff\ufb1d-\ufdff\ufe70-\ufefc])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u0590-\u07ff\ufb1d-\ufdff\ufe70-\ufefc])"
)
_BOLD_WEIGHT = 600
_FONT_NAME_BYTES = 128
# Two pieces on one base line whose distance is less than this share of the size are the same line.
_SAME_BASE_LINE = 0.25
# Beyond this many a page is a drawing made of letters or an attack, and not for readers.
MAX_CHARS = 400_000
MAX_ANNOTATIONS = 2000


@dataclass
class _Piece:
    """Words up to a line end."""

    words: list[Word] = field(default_factory=list)
    y: float = 0.0
    sizes: Counter[float] = field(default_factory=Counter)
    bold: bool = True


class _PageText:
    """The raw calls for one page: half of the time of parsing goes into them, so each is made once a word."""

    def __init__(self, page: pdfium.PdfPage, text: pdfium.PdfTextPage) -> None:
        self.raw = text.raw
        self.count = min(text.count_chars(), MAX_CHARS)
        self.rotation = page.get_rotation()
        self.width, self.height = page.get_mediabox()[2:]
        self._box = pdfium_c.FS_RECTF()
        self._matrix = pdfium_c.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self.visibility = Visibility(page.raw, text.raw)
        self.unseen: list[list[str]] = [[]]
        self._name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
        self._flags = ctypes.c_int()

    def extent(self, index: int) -> tuple[float, float]:
        """Left and right edge of a character as the page is shown."""
        if not pdfium_c.FPDFText_GetLooseCharBox(self.raw, index, self._box):
            return 0.0, 0.0
        box = self._box
        one, other = self._turned(box.left, box.bottom)[0], self._turned(box.right, box.top)[0]
        return finite(min(one, other)), finite(max(one, other))

    def base_line(self, index: int) -> float:
        pdfium_c.FPDFText_GetCharOrigin(self.raw, index, self._x, self._y)
        return finite(self._turned(self._x.value, self._y.value)[1])

    def size(self, index: int) -> float:
        size = pdfium_c.FPDFText_GetFontSize(self.raw, index)
        if pdfium_c.FPDFText_GetMatrix(self.raw, index, self._matrix):
            size *= math.hypot(self._matrix.c, self._matrix.d)
        return half_points(abs(size))

    def is_bold(self, index: int) -> bool:
        if pdfium_c.FPDFText_GetFontWeight(self.raw, index) >= _BOLD_WEIGHT:
            return True
        pdfium_c.FPDFText_GetFontInfo(self.raw, index, self._name, _FONT_NAME_BYTES, self._flags)
        return is_bold_font(self._name.value.decode("ascii", "replace"))

    def _turned(self, x: float, y: float) -> tuple[float, float]:
        """Coordinates of the page as it is shown; PDFium gives those before the page's /Rotate."""
        if self.rotation == 90:
            return y, self.width - x
        if self.rotation == 180:
            return self.width - x, self.height - y
        if self.rotation == 270:
            return self.height - y, x
        return x, y


def open_page(document: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    """Page `index` (from 0) with what is filled into its forms as part of the page.

    Raises:
        PdfiumError: it cannot be loaded.
    """
    page = document[index]
    if _has_filled_in_text(page):
        pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY)
        # What was flattened is seen by a page that is loaded anew.
        page.close()
        page = document[index]
    return page


def _has_filled_in_text(page: pdfium.PdfPage) -> bool:
    for at in range(min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), MAX_ANNOTATIONS)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, at)
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind in (pdfium_c.FPDF_ANNOT_WIDGET, pdfium_c.FPDF_ANNOT_FREETEXT):
            return True
    return False


def pdfium_lines(page: pdfium.PdfPage) -> tuple[list[Line], list[Line]]:
    """Read a page in the order in which its text is drawn, without blank lines.

    Returns:
        The lines that people see, and those of words that nobody sees.

    Raises:
        PdfiumError: the page holds no text that can be loaded.
    """
    text = page.get_textpage()
    try:
        read = _PageText(page, text)
        pieces = _join_rows(_pieces(read))
        seen = [line for line in map(_line, pieces) if line.text]
        unseen = (Line(clean_line(" ".join(words))) for words in read.unseen)
        return seen, [line for line in unseen if line.text]
    finally:
        text.close()


def _pieces(text: _PageText) -> Iterator[_Piece]:
    get_unicode, raw = pdfium_c.FPDFText_GetUnicode, text.raw
    piece, start = _Piece(), 0
    letters: list[str] = []
    for index in range(text.count):
        code = get_unicode(raw, index)
        ends_line = code in _LINE_ENDS or code in _BROKEN_HYPHENS
        if code in _BROKEN_HYPHENS and letters:
            letters.append("-")
        if ends_line or code in _SPACES:
            if letters:
                _add_word(piece, text, start, index - 1, "".join(letters))
                letters = []
            if ends_line and text.unseen[-1]:
                text.unseen.append([])
            if ends_line and piece.words:
                yield piece
                piece = _Piece()
        elif code:
            if not letters:
                start = index
            letters.append(chr(code) if code <= sys.maxunicode else "\ufffd")
    if letters:
        _add_word(piece, text, start, text.count - 1, "".join(letters))
    if piece.words:
        yield piece


def _add_word(piece: _Piece, text: _PageText, first: int, last: int, letters: str) -> None:
    size = text.size(first)
    if text.visibility.is_unseen(first, size):
        text.unseen[-1].append(letters)
        return
    left, right = text.extent(first)
    if last > first:
        other_left, other_right = text.extent(last)
        left, right = min(left, other_left), max(right, other_right)
    if not piece.words:
        piece.y = text.base_line(first)
    if not letters.isascii():
        letters = _unswapped(text, first, letters)
    if not letters.isalpha():
        letters = with_raised(text, first, letters)
    if not letters.isascii():
        letters = _SCRIPT_CHANGE.sub(" ", letters)
    piece.words.append(Word(letters, left, right))
    piece.sizes[size] += len(letters)
    piece.bold = piece.bold and text.is_bold(first)


def _unswapped(text: _PageText, first: int, letters: str) -> str:
    """Alef and lam that come from one glyph, the ligature of lam and alef, in their own order."""
    for at, (letter, following) in enumerate(pairwise(letters)):
        if letter in _ALEFS and following == _LAM and text.extent(first + at) == text.extent(first + at + 1):
            letters = f"{letters[:at]}{following}{letter}{letters[at + 2 :]}"
    return letters


def _join_rows(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Join pieces that go on to the right on the same base line: the cells of a row, a mark and its item."""
    row: _Piece | None = None
    for piece in pieces:
        if row is not None and _goes_on(row, piece):
            row.words += piece.words
            row.sizes += piece.sizes
            row.bold = row.bold and piece.bold
            continue
        if row is not None:
            yield row
        row = piece
    if row is not None:
        yield row


def _goes_on(row: _Piece, piece: _Piece) -> bool:
    size = max(row.sizes)
    near = abs(row.y - piece.y) <= _SAME_BASE_LINE * size
    return near and piece.words[0].x >= row.words[-1].x_end - 0.3 * size


def _line(piece: _Piece) -> Line:
    words = tuple(piece.words)
    text = clean_line(" ".join(word.text for word in words))
    return Line(text, words[0].x, piece.y, piece.sizes.most_common(1)[0][0], piece.bold, words)
