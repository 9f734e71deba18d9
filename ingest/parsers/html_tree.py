"""The tree of a page, with the ends of tags that HTML lets its authors leave out.

Python's `html.parser` knows no such ends: of `<tr><td>1<td>2<tr>` it makes cells in cells, and of a head that
is never closed the whole page. The rules are those of the HTML standard, 13.2.6, for the tags that hold text;
what it moves to other places (text between the rows of a table) stays where it is.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from bs4 import BeautifulSoup, Tag

_CELLS = frozenset({"td", "th"})
_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_TABLE = frozenset({"table"})
_HEAD_CONTENT = frozenset(
    {"base", "basefont", "bgsound", "link", "meta", "noscript", "script", "style", "template", "title"}
    | {"head", "html"}
)
# What a list item or a paragraph cannot reach over.
_SCOPE = frozenset({"table", "caption", "td", "th", "html", "template", "object", "button"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "main", "menu", "nav"}
    | {"ol", "p", "pre", "search", "section", "summary", "table", "ul", "li", "dt", "dd"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
_LISTS = frozenset({"ul", "ol", "menu", "dir", "dl", "blockquote", "section", "article"})
_IN_TABLES = _CELLS | _SECTIONS | {"tr", "caption", "colgroup"}

# By the tag that begins: the tags that end before it, and those beyond which none ends.
_ENDS: dict[str, tuple[Set[str], Set[str]]] = {
    "li": (frozenset({"li"}), _SCOPE | _LISTS),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), _SCOPE | _LISTS)),
    **dict.fromkeys(_CELLS, (_CELLS | {"caption", "colgroup"}, frozenset({"tr", "table"}))),
    "tr": (frozenset({"tr", "caption", "colgroup"}), _TABLE),
    **dict.fromkeys(_SECTIONS, (_SECTIONS | {"tr", "caption", "colgroup"}, _TABLE)),
    "option": (frozenset({"option"}), frozenset({"select", "datalist"})),
    "optgroup": (frozenset({"option", "optgroup"}), frozenset({"select"})),
    **dict.fromkeys(("rt", "rp"), (frozenset({"rt", "rp"}), frozenset({"ruby"}))),
}
_PARAGRAPH = frozenset({"p"})
# Deeper tags stand beside each other, as in browsers (Blink ends at 512): what is done to a page for each of
# its texts goes through all tags around it.
MAX_DEPTH = 200


class Page(BeautifulSoup):
    """A page whose paragraphs, items, rows and cells end where the next one begins."""

    def handle_starttag(self, name: str, *args: Any, **kwargs: Any) -> Tag | None:
        if name not in _HEAD_CONTENT and self.open_tag_counter.get("head"):
            self._popToTag("head")
        if name in _BLOCKS:
            self._end(_PARAGRAPH, _SCOPE)
        if name in _ENDS:
            self._end(*_ENDS[name])
        if name in _CELLS and self.currentTag is not None and self.currentTag.name in _SECTIONS | _TABLE:
            super().handle_starttag("tr", None, None, {})
        if len(self.tagStack) >= MAX_DEPTH:
            self.endData()
            self.popTag()
        inside = self.currentTag.name if self.currentTag is not None else ""
        tag = super().handle_starttag(name, *args, **kwargs)
        if name == "form" and inside in _TABLE | _SECTIONS | {"tr"}:
            # It goes around rows in the source, and cannot in a table.
            self.popTag()
        return tag

    def handle_endtag(self, name: str, nsprefix: str | None = None) -> None:
        # An end inside of a cell is none of what stands around the table.
        if self._ends_here(name):
            super().handle_endtag(name, nsprefix)

    def _end(self, names: Set[str], borders: Set[str]) -> None:
        """End the outermost open tag of these names that no border parts from here."""
        if not any(self.open_tag_counter.get(name) for name in names):
            return
        keep = len(self.tagStack)
        for at in range(keep - 1, 0, -1):
            name = self.tagStack[at].name
            if name in names:
                keep = at
            elif name in borders:
                break
        if keep < len(self.tagStack):
            self.endData()
            while len(self.tagStack) > keep:
                self.popTag()

    def _ends_here(self, name: str) -> bool:
        if name == "table" or not self.open_tag_counter.get(name):
            return True
        borders = _TABLE if name in _IN_TABLES else _SCOPE
        for tag in reversed(self.tagStack):
            if tag.name == name:
                return True
            if tag.name in borders:
                return False
        return True


def parse_page(source: str) -> BeautifulSoup:
    """The tree of a page."""
    # html.parser resolves no entity but the named characters, so nothing is fetched and nothing expands.
    return Page(_without_open_ends(source), "html.parser")


def _without_open_ends(source: str) -> str:
    """The source with tags and comments that never end as text: the parser would look for each end anew."""
    end = source.rfind("-->") + 1
    source = source[:end] + source[end:].replace("<!--", "&lt;!--")
    end = source.rfind(">") + 1
    return source[:end] + source[end:].replace("<", "&lt;")
