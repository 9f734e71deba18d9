"""What the styles and the numbering of a Word document say of its paragraphs and runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.parsers.ooxml import W
from ingest.parsers.xml_tree import Element

MAX_CHAIN = 20
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CODE = re.compile(
    r"(?:source )?code|(?:html )?preformatted(?: text)?|macro text|verbatim|listing|code block", re.IGNORECASE
)
_MONOSPACED = re.compile(r"courier|consolas|monaco|menlo|mono(?!type)|lucida console", re.IGNORECASE)
_OFF = frozenset({"0", "false", "off", "none"})


@dataclass(frozen=True)
class Style:
    """A style with what it takes over from those that it is based on, nearest first.

    Attributes:
        name: in English whatever the language of the program.
    """

    name: str
    chain: tuple[Element, ...]

    def property(self, path: str) -> Element | None:
        return next((found for style in self.chain if (found := style.find(path)) is not None), None)


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: Element | None) -> None:
        found = root.iterfind(f"{W}style") if root is not None else ()
        self._elements = {style.get(f"{W}styleId") or "": style for style in found}
        self._styles: dict[str, Style] = {}
        self._defaults = {
            style.get(f"{W}type") or "": identity
            for identity, style in self._elements.items()
            if style.get(f"{W}default") in ("1", "true", "on")
        }
        names = (style.name.lower() for style in map(self.get, self._elements))
        self.has_title = "title" in names

    def get(self, identity: str | None, kind: str = "paragraph") -> Style:
        """The style of an id, or the default one of a kind."""
        identity = identity or self._defaults.get(kind, "")
        if identity not in self._styles:
            chain = tuple(self._chain(identity))
            named = chain[0].find(f"{W}name") if chain else None
            name = (named.get(f"{W}val") or "") if named is not None else ""
            self._styles[identity] = Style(name, chain)
        return self._styles[identity]

    def of(self, paragraph: Element) -> Style:
        return self.get(value(paragraph.find(f"{W}pPr/{W}pStyle")))

    def _chain(self, identity: str) -> Iterator[Element]:
        for _ in range(MAX_CHAIN):
            style = self._elements.get(identity)
            if style is None:
                return
            yield style
            identity = value(style.find(f"{W}basedOn")) or ""


def value(element: Element | None) -> str | None:
    return None if element is None else element.get(f"{W}val")


def is_on(element: Element | None) -> bool:
    """Whether a switch such as w:vanish is there and not turned off."""
    return element is not None and (value(element) or "1") not in _OFF


def heading_level(paragraph: Element, style: Style) -> int:
    """1 to 9 for a heading, 0 for other text; a title is 1."""
    named = next((match for part in _names(style) if (match := _HEADING.fullmatch(part))), None)
    if named:
        return int(named[1]) or 1
    if "title" in _names(style):
        return 1
    outline = paragraph.find(f"{W}pPr/{W}outlineLvl")
    level = value(outline if outline is not None else style.property(f"{W}pPr/{W}outlineLvl"))
    return int(level) + 1 if level and level.isdecimal() and int(level) < 9 else 0


def is_title(style: Style) -> bool:
    return style.name.lower() == "title"


def is_code(style: Style) -> bool:
    return any(_CODE.fullmatch(name) for name in _names(style))


def is_monospaced(properties: Element | None) -> bool:
    """Whether run properties name a font whose letters are equally wide."""
    fonts = properties.find(f"{W}rFonts") if properties is not None else None
    return fonts is not None and _MONOSPACED.search(fonts.get(f"{W}ascii") or "") is not None


def _names(style: Style) -> list[str]:
    found = (value(part.find(f"{W}name")) or "" for part in style.chain)
    return [name.lower() for name in found]
