"""Which words of a PDF page nobody sees: white or drawn invisibly on nothing, or too small to be read.

Words that are drawn invisibly over a picture are the text of a scanned page. What lies behind a word is told
by the bounds of what else is drawn: that takes a shape for its whole rectangle and knows no order, so that
words are taken for seen where there is doubt.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cached_property

import pypdfium2.raw as pdfium_c

# Of each of red, green and blue; nobody tells less from the white of the page.
LEAST_WHITE = 0xFA
# In points. A font may say another size than its letters have.
SMALLEST_SIZE = 1.0
SMALLEST_HEIGHT = 1.5
# A line as thick as this, in points, may be the bar behind a caption.
THICK_LINE = 4.0
MAX_OBJECTS = 20_000
_INVISIBLE = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)
_AREAS = (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_FORM, pdfium_c.FPDF_PAGEOBJ_SHADING)
Bounds = tuple[float, float, float, float]


class Visibility:
    """Looks at the characters of one page.

    Args:
        page, text: the raw handles of the page and of its text.
    """

    def __init__(self, page: ctypes.c_void_p, text: ctypes.c_void_p) -> None:
        self._page, self._text = page, text
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._box = [ctypes.c_double() for _ in range(4)]

    def is_unseen(self, index: int, size: float) -> bool:
        """Whether nobody sees a character, whose font has a size in points."""
        if size <= SMALLEST_SIZE and self._is_tiny(index):
            return True
        return (self._is_colourless(index) or self._is_invisible(index)) and not self._is_over_something(
            index
        )

    def _is_tiny(self, index: int) -> bool:
        left, right, bottom, top = self._bounds(index)
        return 0 < top - bottom < SMALLEST_HEIGHT or (top == bottom and right - left < SMALLEST_HEIGHT)

    def _is_colourless(self, index: int) -> bool:
        red, green, blue, alpha = self._colour
        if not pdfium_c.FPDFText_GetFillColor(self._text, index, red, green, blue, alpha):
            return False
        return alpha.value == 0 or min(red.value, green.value, blue.value) >= LEAST_WHITE

    def _is_invisible(self, index: int) -> bool:
        drawn = pdfium_c.FPDFText_GetTextObject(self._text, index)
        return bool(drawn) and pdfium_c.FPDFTextObj_GetTextRenderMode(drawn) in _INVISIBLE

    def _is_over_something(self, index: int) -> bool:
        if self._backgrounds is None:
            return True
        left, right, bottom, top = self._bounds(index)
        x, y = (left + right) / 2, (bottom + top) / 2
        return any(
            from_x <= x <= to_x and from_y <= y <= to_y for from_x, from_y, to_x, to_y in self._backgrounds
        )

    def _bounds(self, index: int) -> Bounds:
        """Left, right, bottom and top of a character."""
        left, right, bottom, top = self._box
        if not pdfium_c.FPDFText_GetCharBox(self._text, index, left, right, bottom, top):
            return 0.0, 0.0, 0.0, 0.0
        return left.value, right.value, bottom.value, top.value

    @cached_property
    def _backgrounds(self) -> list[Bounds] | None:
        """What has a colour or is a picture: left, bottom, right, top. None where there is too much of it."""
        count = pdfium_c.FPDFPage_CountObjects(self._page)
        if count > MAX_OBJECTS:
            return None
        found = []
        edges = [ctypes.c_float() for _ in range(4)]
        for at in range(count):
            drawn = pdfium_c.FPDFPage_GetObject(self._page, at)
            stroke_width = self._coloured(drawn)
            if stroke_width is not None and pdfium_c.FPDFPageObj_GetBounds(drawn, *edges):
                left, bottom, right, top = (edge.value for edge in edges)
                wider = stroke_width / 2
                found.append((left - wider, bottom - wider, right + wider, top + wider))
        return found

    def _coloured(self, drawn: ctypes.c_void_p) -> float | None:
        """How far it reaches over its bounds, on both sides together; None where it has no colour."""
        kind = pdfium_c.FPDFPageObj_GetType(drawn)
        if kind != pdfium_c.FPDF_PAGEOBJ_PATH:
            return 0.0 if kind in _AREAS else None
        filled, stroked, width = ctypes.c_int(), ctypes.c_int(), ctypes.c_float()
        pdfium_c.FPDFPath_GetDrawMode(drawn, filled, stroked)
        pdfium_c.FPDFPageObj_GetStrokeWidth(drawn, width)
        if (
            stroked.value
            and width.value >= THICK_LINE
            and self._is_dark(pdfium_c.FPDFPageObj_GetStrokeColor, drawn)
        ):
            return width.value
        return 0.0 if filled.value and self._is_dark(pdfium_c.FPDFPageObj_GetFillColor, drawn) else None

    def _is_dark(self, read: Callable[..., int], drawn: ctypes.c_void_p) -> bool:
        red, green, blue, alpha = self._colour
        if not read(drawn, red, green, blue, alpha):
            # A pattern.
            return True
        return alpha.value > 0 and min(red.value, green.value, blue.value) < LEAST_WHITE
