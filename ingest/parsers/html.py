"""HTML: the readable part of a page, as Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, CData, Tag
from bs4.element import PreformattedString
from markdownify import MarkdownConverter

from ingest.parsers.base import ParsedDocument, ParseError, clean_title, normalise_text
from ingest.parsers.encoding import decode_text
from ingest.parsers.html_tables import flatten_tables
from ingest.parsers.html_tree import parse_page
from ingest.parsers.html_visibility import is_dropped, mark_unseen, style_rules, take_marks
from ingest.parsers.markdown import first_heading, markdown_blocks
from ingest.parsers.raised import is_raised_figure

_NEVER_TEXT = (
    *("head", "title", "script", "style", "noscript", "template", "iframe", "object", "svg", "canvas", "nav"),
    *("input", "select", "textarea", "button", "datalist", "dialog"),
)
_BOILERPLATE = ("header", "footer", "aside", "form")
_BOILERPLATE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_CONTENT = ("main", "article", "h1")
_PROPERTIES = {
    "author": "author",
    "article:author": "author",
    "article:published_time": "created",
    "article:modified_time": "modified",
    "date": "created",
    "dc.creator": "author",
    "dc.date": "created",
    "description": "description",
    "keywords": "keywords",
}
_MAX_LANGUAGE_CHARS = 35
_CHARSET = re.compile(
    rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE
)
_BLANK_LINES = re.compile(r"\n{3,}")

# Links become their words and nothing is escaped, so that a quotation of the text is what the page shows.
_CONVERTER = MarkdownConverter(
    heading_style="atx",
    bullets="-",
    strip=["a", "video"],
    autolinks=False,
    escape_asterisks=False,
    escape_underscores=False,
    escape_misc=False,
    table_infer_header=True,
    # One paragraph is one line, however the source is broken into lines.
    wrap=True,
    wrap_width=None,
)


class HtmlParser:
    name = "html"
    extensions = (".html", ".htm", ".xhtml")

    def parse(self, path: Path) -> ParsedDocument:
        data = path.read_bytes()
        charset = _CHARSET.search(data[:2048])
        source = decode_text(data, charset[1].decode("ascii", "replace") if charset else None)
        page = parse_page(source)
        title = clean_title(page.title.get_text() if page.title else None)
        metadata = _properties(page)
        text, unseen = take_marks(readable_text(page))
        if not text:
            raise ParseError(
                "empty",
                "The page holds no text. If a browser shows some, it is loaded by scripts: "
                "save the page from the browser as PDF and upload that.",
            )
        blocks = markdown_blocks(text)
        title = title or first_heading(text, blocks)
        return ParsedDocument(text, "markdown", title, (), blocks, metadata, unseen)


def _properties(page: BeautifulSoup) -> dict[str, Any]:
    """What the head of a page says of it."""
    found: dict[str, Any] = {}
    language = clean_title(str(page.html.get("lang") or "")) if page.html else None
    if language:
        found["language"] = language[:_MAX_LANGUAGE_CHARS]
    for tag in page.find_all("meta"):
        name = str(tag.get("name") or tag.get("property") or "").lower()
        words = clean_title(str(tag.get("content") or ""))
        if name in _PROPERTIES and words:
            found.setdefault(_PROPERTIES[name], words)
    return found


def readable_text(page: BeautifulSoup, *, framed: bool = True) -> str:
    """The page as Markdown, with frames around what is not seen (`take_marks`).

    Args:
        framed: whether parts such as headers and asides are the frame of a site; in a book they are text.
    """
    for node in page.find_all(string=lambda string: isinstance(string, PreformattedString)):
        # Comments, declarations and processing instructions.
        if not isinstance(node, CData):
            node.extract()
    rules = style_rules(page)
    _keep_what_is_not_done(page)
    for tag in page.find_all(_NEVER_TEXT):
        tag.extract()
    for image in page.find_all("img"):
        image.replace_with(str(image.get("alt") or ""))
    for tag in page.find_all("summary"):
        # The line that a part folds away under, beside words that need no paragraph.
        tag.name = "p"
    for tag in page.find_all("sup"):
        _write_raised(tag)
    whole_length = len(page.get_text())
    for tag in page.find_all(True):
        if is_dropped(tag, whole_length) or (framed and _is_boilerplate(tag, whole_length)):
            tag.extract()
    mark_unseen(page, rules)
    flatten_tables(page)
    mains = page.find_all("main")
    if len(mains) == 1 and len(mains[0].get_text()) >= len(page.get_text()) / 2:
        return _to_markdown(mains[0])
    return _to_markdown(page)


def _keep_what_is_not_done(page: BeautifulSoup) -> None:
    """Boxes of a list of tasks and what is struck out, as Markdown writes them."""
    for box in page.find_all("input", type="checkbox"):
        if box.find_parent("li"):
            gap = "" if str(box.next_sibling or "")[:1].isspace() else " "
            box.insert_before(("[x]" if box.has_attr("checked") else "[ ]") + gap)
    for tag in page.find_all("strike"):
        tag.name = "del"


def _write_raised(tag: Tag) -> None:
    """A power behind its number as "10^6", the number of a note as "[1]"."""
    before = tag.previous_sibling
    if before is None or not is_raised_figure(tag.get_text(), before.get_text()):
        return
    is_note = tag.find("a", href=lambda target: target is not None and target.startswith("#")) is not None
    tag.insert(0, "[" if is_note else "^")
    if is_note:
        tag.append("]")


def _is_boilerplate(tag: Tag, whole_length: int) -> bool:
    """Whether the tag frames the content. Some pages put all their content into a form or a header."""
    if tag.name not in _BOILERPLATE and tag.get("role") not in _BOILERPLATE_ROLES:
        return False
    return tag.find(_CONTENT) is None and len(tag.get_text()) <= whole_length / 2


def _to_markdown(page: Tag) -> str:
    try:
        markdown = _CONVERTER.convert_soup(page)
    except RecursionError:
        # Tags nested hundreds deep are not structure: keep the words.
        markdown = page.get_text("\n\n", strip=True)
    markdown = normalise_text(markdown).replace("\xa0", " ")
    lines = (line.rstrip() for line in markdown.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
