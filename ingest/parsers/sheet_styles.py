"""How cells of an XLSX file are shown: the number format of each style, and styles that nobody can read."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.parsers.number_format import BUILT_IN, GENERAL, NumberFormat, number_format
from ingest.parsers.ooxml import Package, S
from ingest.parsers.xml_tree import Element

_WHITE = frozenset({"FFFFFF", "FFFFFFFF", "00FFFFFF"})
# Of the theme's colours the first: what the page is filled with.
_PAGE_COLOUR = "0"
_SMALLEST_POINTS = 2.0


@dataclass(frozen=True)
class CellStyle:
    """What a style does to a value.

    Attributes:
        format: None where the value is shown as it is.
        unseen: white on nothing, or too small to be seen.
    """

    format: NumberFormat | None
    unseen: bool

    @property
    def is_plain(self) -> bool:
        return self.format is None and not self.unseen


def cell_styles(package: Package, main: str) -> list[CellStyle]:
    """By the numbers that cells call their styles by; empty where the workbook has none."""
    part = next(iter(package.related(main, "styles")), "xl/styles.xml")
    root = package.xml(part)
    if root is None:
        return []
    codes = {
        told.get("numFmtId") or "": told.get("formatCode") or ""
        for told in root.iterfind(f"{S}numFmts/{S}numFmt")
    }
    fonts = [_is_unseen(font) for font in root.iterfind(f"{S}fonts/{S}font")]
    fills = [_is_filled(fill) for fill in root.iterfind(f"{S}fills/{S}fill")]
    return [_style(cell, codes, fonts, fills) for cell in root.iterfind(f"{S}cellXfs/{S}xf")]


def _style(cell: Element, codes: dict[str, str], fonts: list[bool], fills: list[bool]) -> CellStyle:
    number = cell.get("numFmtId") or "0"
    built_in = BUILT_IN.get(int(number), GENERAL) if number.isdecimal() and len(number) < 6 else GENERAL
    code = codes.get(number, built_in)
    told = number_format(code)
    unseen = _at(fonts, cell.get("fontId")) and not _at(fills, cell.get("fillId"))
    return CellStyle(None if told.plain else told, unseen)


def _at(flags: list[bool], number: str | None) -> bool:
    known = number is not None and number.isdecimal() and len(number) < 6 and int(number) < len(flags)
    return flags[int(number or "0")] if known else False


def _is_unseen(font: Element) -> bool:
    size, colour = font.find(f"{S}sz"), font.find(f"{S}color")
    try:
        if size is not None and float(size.get("val") or "11") < _SMALLEST_POINTS:
            return True
    except ValueError:
        return False
    if colour is None or colour.get("tint") not in (None, "0"):
        return False
    return (colour.get("rgb") or "").upper() in _WHITE or colour.get("theme") == _PAGE_COLOUR


def _is_filled(fill: Element) -> bool:
    pattern = fill.find(f"{S}patternFill")
    return pattern is None or pattern.get("patternType") not in (None, "none")
