"""The numbers and bullets that Word puts before paragraphs: they are counted, not written in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.parsers.docx_styles import Style, value
from ingest.parsers.ooxml import W
from ingest.parsers.xml_tree import Element

BULLET = "-"
MAX_LEVEL = 8
_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


@dataclass(frozen=True)
class Level:
    """How the paragraphs of one depth of a list are numbered."""

    form: str
    pattern: str
    start: int


@dataclass(frozen=True)
class Numbered:
    """What stands before a paragraph: "-", "3.", "2.1", "b)", or nothing; its depth is from 0."""

    label: str
    depth: int


class Numbering:
    """Counts the numbered paragraphs of a document, which must be asked for in order."""

    def __init__(self, root: Element | None) -> None:
        self._levels: dict[str, dict[int, Level]] = {}
        self._lists: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        self._restarted: set[str] = set()
        self._starts: dict[str, dict[int, int]] = {}
        if root is None:
            return
        for abstract in root.iterfind(f"{W}abstractNum"):
            levels = {_index(level): _level(level) for level in abstract.iterfind(f"{W}lvl")}
            self._levels[abstract.get(f"{W}abstractNumId") or ""] = levels
        for number in root.iterfind(f"{W}num"):
            identity = number.get(f"{W}numId") or ""
            self._lists[identity] = value(number.find(f"{W}abstractNumId")) or ""
            self._starts[identity] = {
                _index(override): _integer(value(override.find(f"{W}startOverride")), 1)
                for override in number.iterfind(f"{W}lvlOverride")
                if override.find(f"{W}startOverride") is not None
            }

    def next(self, paragraph: Element, style: Style) -> Numbered | None:
        """The number of the next paragraph; None when it has none."""
        own = paragraph.find(f"{W}pPr/{W}numPr")
        inherited = style.property(f"{W}pPr/{W}numPr")
        identity = _either(own, inherited, "numId")
        if not identity or identity == "0" or identity not in self._lists:
            return None
        depth = min(MAX_LEVEL, max(0, _integer(_either(own, inherited, "ilvl"), 0)))
        levels = self._levels.get(self._lists[identity], {})
        level = levels.get(depth)
        if level is None:
            return Numbered(BULLET, depth)
        return Numbered(self._label(identity, depth, levels), depth)

    def _label(self, identity: str, depth: int, levels: dict[int, Level]) -> str:
        level = levels[depth]
        counts = self._count(identity, depth, levels)
        if level.form == "bullet":
            return BULLET
        if level.form == "none" or not level.pattern.strip():
            return ""

        def number(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            form = levels[place].form if place in levels else "decimal"
            return written(counts[place], form)

        return _PLACE.sub(number, level.pattern).strip()

    def _count(self, identity: str, depth: int, levels: dict[int, Level]) -> list[int]:
        """Lists of one abstract list go on counting, unless one says that it starts anew."""
        counts = self._counts.setdefault(self._lists[identity], [0] * (MAX_LEVEL + 1))
        if identity not in self._restarted:
            self._restarted.add(identity)
            for place in self._starts.get(identity, {}):
                counts[place] = 0
        for place in range(depth + 1):
            if counts[place] == 0 or place == depth:
                start = self._starts.get(identity, {}).get(
                    place, levels[place].start if place in levels else 1
                )
                counts[place] = counts[place] + 1 if counts[place] else max(1, start)
        counts[depth + 1 :] = [0] * (MAX_LEVEL - depth)
        return counts


def written(number: int, form: str) -> str:
    """A number in Arabic or Roman figures or in letters."""
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 % 20 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and number < 4000:
        pieces = []
        for size, sign in _ROMAN:
            count, number = divmod(number, size)
            pieces.append(sign * count)
        roman = "".join(pieces)
        return roman if form == "lowerRoman" else roman.upper()
    return f"0{number}" if form == "decimalZero" and number < 10 else str(number)


def _level(level: Element) -> Level:
    form = value(level.find(f"{W}numFmt")) or "decimal"
    pattern = value(level.find(f"{W}lvlText")) or ""
    return Level(form, pattern, _integer(value(level.find(f"{W}start")), 1))


def _either(own: Element | None, inherited: Element | None, name: str) -> str | None:
    for properties in (own, inherited):
        found = value(properties.find(f"{W}{name}")) if properties is not None else None
        if found is not None:
            return found
    return None


def _index(level: Element) -> int:
    return _integer(level.get(f"{W}ilvl"), 0)


def _integer(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else otherwise
