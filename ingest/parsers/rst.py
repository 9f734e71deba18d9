"""reStructuredText, read by docutils; nothing is included, fetched or run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en
from docutils.utils import SystemMessage

from ingest.parsers.base import ParsedDocument, ParseError, require_text
from ingest.parsers.encoding import decode_text
from ingest.parsers.html import readable_text
from ingest.parsers.html_tree import parse_page
from ingest.parsers.markup import MarkdownWriter

MAX_CHARS = 5_000_000
_DIRECTIVE = re.compile(r"^\s*\.\.\s+(?:\|[^|]+\|\s+)?([\w:.+-]+)::", re.MULTILINE)
_ROLE = re.compile(r":([A-Za-z][\w:.+-]*):`")
_TARGETED = re.compile(r"(.+?)\s*<[^<>]+>\Z", re.DOTALL)
_SETTINGS: dict[str, Any] = {
    # Cases 11 and 12: no file is read, no raw HTML is passed on, and what is wrong is no reason to stop.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "halt_level": 5,
    "report_level": 5,
    "line_length_limit": MAX_CHARS,
    "embed_stylesheet": False,
    "stylesheet_path": None,
    "_disable_config": True,
    "initial_header_level": 2,
    "doctitle_xform": True,
    "sectsubtitle_xform": False,
    "syntax_highlight": "none",
    "math_output": "latex",
    "smart_quotes": False,
    "footnote_references": "brackets",
}
_CODE = frozenset({"sourcecode", "prompt", "doctest", "testcode", "testoutput"})
_NO_TEXT = frozenset({"toctree", "index", "currentmodule", "highlight", "literalinclude"})


class RstParser:
    name = "rst"
    extensions = (".rst", ".rest")

    def parse(self, path: Path) -> ParsedDocument:
        source = decode_text(path.read_bytes())
        require_text(source)
        if len(source) > MAX_CHARS:
            raise ParseError("output_too_large", "The file is too long to be read as one. Split it.")
        _know(source)
        try:
            tree = publish_doctree(source, settings_overrides=_SETTINGS)
            title, metadata = _properties(tree)
            page = publish_from_doctree(tree, writer="html5", settings_overrides=_SETTINGS)
        except (SystemMessage, RecursionError) as error:
            raise ParseError(
                "unreadable", "This is not sound reStructuredText. Check its markup, or upload it as .txt."
            ) from error
        out = MarkdownWriter()
        out.markdown(readable_text(_content(page.decode("utf-8")), framed=False))
        return out.document(title, metadata)


class _Passed(Directive):
    """A directive of a program that we do not have, such as Sphinx: its words are kept."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        name = self.name.rpartition(":")[2]
        if name in _CODE:
            text = "\n".join(self.content)
            return [nodes.literal_block(text, text)] if text else []
        found: list[nodes.Node] = []
        if self.arguments and name not in _NO_TEXT:
            label = "" if name in ("rubric", "only") else f"{name.capitalize()}: "
            words, messages = self.state.inline_text(label + self.arguments[0], self.lineno)
            found += [nodes.paragraph("", "", *words), *messages]
        if name not in _NO_TEXT:
            inside = nodes.container()
            content = [line for line in self.content if not re.fullmatch(r"\s*:[\w-]+:.*", line)]
            self.state.nested_parse(type(self.content)(content, "inside"), self.content_offset, inside)
            found += inside.children
        return found


def _passed_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[Any], list[Any]]:
    """A role that we do not have: its words, without the target that they lead to."""
    match = _TARGETED.fullmatch(text)
    words = match[1] if match else text.removeprefix("~")
    return [nodes.inline(rawtext, words.replace("\0", ""))], []


def _know(source: str) -> None:
    """Register the directives and roles of the text that docutils does not know."""
    for name in set(_DIRECTIVE.findall(source)):
        if name.lower() not in en.directives:
            directives.register_directive(name, _Passed)
    for name in set(_ROLE.findall(source)):
        if name.lower() not in en.roles:
            roles.register_local_role(name, _passed_role)


def _properties(tree: nodes.document) -> tuple[str | None, dict[str, Any]]:
    metadata: dict[str, Any] = {}
    for field in tree.findall(nodes.docinfo):
        for entry in field.children:
            name = {"author": "author", "date": "modified"}.get(getattr(entry, "tagname", ""))
            if name:
                metadata[name] = entry.astext()[:500]
    return tree.get("title") or None, metadata


def _content(page: str) -> BeautifulSoup:
    """The page without what docutils puts around the text."""
    soup = parse_page(page)
    for tag in soup.select(".docinfo, .system-message"):
        tag.extract()
    for note in soup.select(".footnote, .citation"):
        label, first = note.select_one(".label"), note.find("p")
        if label is not None and first is not None:
            first.insert(0, f"{label.get_text(strip=True)} ")
            label.extract()
    return soup
