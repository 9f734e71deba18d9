"""Electronic books (EPUB): the chapters in reading order, each read as a page of HTML."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.encoding import decode_text
from ingest.parsers.html import readable_text
from ingest.parsers.html_tree import parse_page
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.ooxml import Package, properties_of
from ingest.parsers.xml_tree import Element, children, local_name
from ingest.parsers.zip_guard import guarded_archive

NOTHING = "The book holds no text. If its pages are pictures, save it as PDF and upload that."
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})


class EpubParser:
    name = "epub"
    extensions = (".epub",)

    def parse(self, path: Path) -> ParsedDocument:
        with guarded_archive(path, doctypes=True) as archive:
            package = Package(archive)
            if package.data("META-INF/rights.xml") is not None:
                raise ParseError(
                    "encrypted", "The book is protected against copying. Upload a copy without protection."
                )
            part, root = _contents(package)
            title, metadata = _properties(root)
            out = MarkdownWriter()
            for chapter in _chapters(root, posixpath.dirname(part)):
                data = package.data(chapter)
                if data is not None:
                    out.markdown(readable_text(parse_page(decode_text(data)), framed=False))
            return out.document(title, metadata, NOTHING)


def _contents(package: Package) -> tuple[str, Element]:
    """The part that lists the chapters (EPUB 3.3, §4.2.6.3.1) and its root."""
    container = package.xml("META-INF/container.xml")
    names = container.iter() if container is not None else ()
    part = next((name.get("full-path") for name in names if local_name(name) == "rootfile"), None) or ""
    root = package.xml(part)
    if root is None:
        raise ParseError(
            "unreadable", "The book is damaged: its list of chapters is missing. Upload another copy."
        )
    return part, root


def _properties(root: Element) -> tuple[str | None, dict[str, Any]]:
    metadata = next((part for part in children(root) if local_name(part) == "metadata"), None)
    return (None, {}) if metadata is None else properties_of(children(metadata))


def _chapters(root: Element, folder: str) -> Iterator[str]:
    """The parts of the spine in reading order, without the table of contents."""
    parts: dict[str, str] = {}
    for item in root.iter():
        if local_name(item) == "item" and item.get("media-type") in _PAGES:
            if "nav" not in (item.get("properties") or "").split():
                target = unquote(item.get("href") or "").partition("#")[0]
                parts[item.get("id") or ""] = posixpath.normpath(posixpath.join(folder, target))
        elif local_name(item) == "itemref" and (part := parts.pop(item.get("idref") or "", None)):
            yield part
