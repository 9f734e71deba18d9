"""What the styles of an OpenDocument file say: what is hidden, what is code, how lists are numbered."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.parsers.docx_numbering import BULLET, written
from ingest.parsers.odf_package import FO, OFFICE, PRESENTATION, STYLE, TEXT
from ingest.parsers.ooxml import Package
from ingest.parsers.xml_tree import Element, children, local_name

MAX_CHAIN = 20
_CODE = re.compile(r"preformatted[ _]text|source[ _]code|source[ _]text|code", re.IGNORECASE)
_FORMS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_WHITE = frozenset({"#ffffff", "#fff"})


class OdfStyles:
    """The named styles of a document and the automatic ones of its content."""

    def __init__(self, package: Package, content: Element) -> None:
        roots = [package.xml("styles.xml"), content.getroottree().getroot()]
        self._styles: dict[str, Element] = {}
        self._lists: dict[str, dict[int, Element]] = {}
        for style in _all_styles(roots):
            name = style.get(f"{STYLE}name") or ""
            if local_name(style) == "style":
                self._styles[name] = style
            elif local_name(style) == "list-style":
                levels = {level.get(f"{TEXT}level") or "": level for level in children(style)}
                self._lists[name] = {int(key): level for key, level in levels.items() if key.isdecimal()}

    def names(self, name: str | None) -> list[str]:
        """The names of a style and of those it is based on, as a person sees them, in lower case."""
        return [
            (style.get(f"{STYLE}display-name") or style.get(f"{STYLE}name") or "").lower()
            for style in self._chain(name)
        ]

    def is_code(self, name: str | None) -> bool:
        return any(_CODE.fullmatch(part) for part in self.names(name))

    def is_hidden(self, name: str | None, *, on_page: bool = True) -> bool:
        """Whether words in the style are not shown, or white on nothing else.

        Args:
            on_page: whether they stand on the page itself and not in a shape or a cell, which have colours of
                their own.
        """
        colour = background = None
        for style in self._chain(name):
            text = style.find(f"{STYLE}text-properties")
            for properties in children(style):
                background = background or properties.get(f"{FO}background-color")
            if text is None:
                continue
            if text.get(f"{TEXT}display") == "none":
                return True
            colour = colour or text.get(f"{FO}color")
        return (
            on_page
            and (colour or "").lower() in _WHITE
            and (background or "transparent") in ("transparent", *_WHITE)
        )

    def is_raised(self, name: str | None) -> bool:
        """Whether words in the style stand above the line: "super 58%" or "33% 58%"."""
        for style in self._chain(name):
            text = style.find(f"{STYLE}text-properties")
            place = "" if text is None else text.get(f"{STYLE}text-position") or ""
            if place:
                return place.startswith("super") or re.match(r"[1-9]", place) is not None
        return False

    def is_skipped_page(self, name: str | None) -> bool:
        return any(
            properties.get(f"{PRESENTATION}visibility") == "hidden"
            for style in self._chain(name)
            for properties in style.iterfind(f"{STYLE}drawing-page-properties")
        )

    def list_of(self, paragraph_style: str | None) -> str | None:
        """The list style that a paragraph style brings along."""
        found = (style.get(f"{STYLE}list-style-name") for style in self._chain(paragraph_style))
        return next(filter(None, found), None)

    def label(self, list_style: str | None, depth: int, count: int) -> str:
        """What stands before the item number `count`, from 1, at a depth from 0."""
        level = self._lists.get(list_style or "", {}).get(depth + 1)
        if level is None or local_name(level) != "list-level-style-number":
            return BULLET
        form = level.get(f"{STYLE}num-format") or ""
        if not form:
            return ""
        start = level.get(f"{TEXT}start-value") or "1"
        number = count - 1 + (int(start) if start.isdecimal() and len(start) < 6 else 1)
        sign = written(max(1, number), _FORMS.get(form, "decimal"))
        return (
            f"{level.get(f'{STYLE}num-prefix') or ''}{sign}{level.get(f'{STYLE}num-suffix') or '.'}".strip()
        )

    def _chain(self, name: str | None) -> Iterator[Element]:
        for _ in range(MAX_CHAIN):
            style = self._styles.get(name or "")
            if style is None:
                return
            yield style
            name = style.get(f"{STYLE}parent-style-name")


def _all_styles(roots: list[Element | None]) -> Iterator[Element]:
    for root in roots:
        for group in children(root) if root is not None else ():
            if group.tag in (f"{OFFICE}styles", f"{OFFICE}automatic-styles"):
                yield from children(group)
