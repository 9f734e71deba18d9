"""The package that DOCX, PPTX and XLSX files are: parts, their relations, and the document's properties."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from ingest.parsers.base import ParseError, clean_title
from ingest.parsers.html_visibility import without_marks
from ingest.parsers.xml_tree import Element, children, local_name, parse_xml, read_entry

_OFFICE = "{http://schemas.openxmlformats.org/"
W = f"{_OFFICE}wordprocessingml/2006/main}}"
A = f"{_OFFICE}drawingml/2006/main}}"
P = f"{_OFFICE}presentationml/2006/main}}"
S = f"{_OFFICE}spreadsheetml/2006/main}}"
M = f"{_OFFICE}officeDocument/2006/math}}"
C = f"{_OFFICE}drawingml/2006/chart}}"
R = f"{_OFFICE}officeDocument/2006/relationships}}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

# Documents that are strict to the standard have other names for the same things (ISO/IEC 29500-1, annex A).
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/\2"

# Names that programs put in when nobody wrote a title.
_NO_TITLE = re.compile(
    r"title|untitled.*|no slide title"
    r"|(?:microsoft (?:word|powerpoint|excel)|powerpoint[- ]pr\S*|slide \d+|document\d*)\b.*"
    r"|.*\.(?:docx?|pptx?|xlsx?|od[tsp]|rtf|html?)|[\d\W_]*",
    re.IGNORECASE | re.DOTALL,
)
_PROPERTIES = {
    "creator": "author",
    "initial-creator": "author",
    "created": "created",
    "creation-date": "created",
    "modified": "modified",
    "date": "modified",  # of OpenDocument; of books, when they were published
    "language": "language",
    "subject": "subject",
    "keywords": "keywords",
    "keyword": "keywords",
    "description": "description",
    "category": "category",
}
_MAX_PROPERTY_CHARS = 500


class Package:
    """Reads the parts of a guarded archive; names are without a leading slash."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}

    def names(self) -> Iterator[str]:
        """The parts, in lower case."""
        return iter(self._names)

    def xml(self, part: str) -> Element | None:
        """The root of a part, or None when it is missing or is no XML."""
        data = self.data(part)
        return None if data is None else parse_xml(_STRICT.sub(_TRANSITIONAL, data))

    def data(self, part: str) -> bytes | None:
        name = self._names.get(part.lower())
        return None if name is None else read_entry(self._archive, name)

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """By id, the kind (the last word of its type) and the part that it leads to within the file."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, tuple[str, str]] = {}
        for relation in children(root) if root is not None else ():
            target = unquote(relation.get("Target") or "")
            if not target or relation.get("TargetMode") == "External":
                continue
            path = (
                target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            )
            kind = (relation.get("Type") or "").rpartition("/")[2]
            found[relation.get("Id") or path] = (kind, path)
        return found

    def related(self, part: str, kind: str) -> list[str]:
        """The parts that a part leads to by relations of a kind, in order."""
        return [target for of, target in self.relations(part).values() if of == kind]

    def main_part(self, fallback: str) -> str:
        return next(iter(self.related("", "officeDocument")), fallback)

    @cached_property
    def properties(self) -> tuple[str | None, dict[str, Any]]:
        """The title, unless a program made it up, and the other properties as metadata."""
        part = next(iter(self.related("", "core-properties")), "docProps/core.xml")
        root = self.xml(part)
        return (None, {}) if root is None else properties_of(children(root))


def properties_of(elements: Iterator[Element]) -> tuple[str | None, dict[str, Any]]:
    """The title and the metadata among elements named as in Dublin Core and in OpenDocument."""
    title: str | None = None
    found: dict[str, Any] = {}
    for element in elements:
        name, words = local_name(element), clean_title((element.text or "")[:_MAX_PROPERTY_CHARS])
        if not words:
            continue
        if name == "title":
            title = title or real_title(words)
        elif name in _PROPERTIES:
            found.setdefault(_PROPERTIES[name], words)
    return title, found


def real_title(title: str | None) -> str | None:
    """The title, or None for one that a program put in when nobody wrote one."""
    title = clean_title(title)
    return None if title is None or _NO_TITLE.fullmatch(title) else title


def words_of(text: str | None) -> str:
    """Text of an element, without characters that mean something to the writer."""
    return without_marks(text or "")


def chosen(alternatives: Element) -> Iterator[Element]:
    """What stands in an AlternateContent: the first choice, or the fallback where there is none."""
    branches = list(children(alternatives))
    best = next((branch for branch in branches if local_name(branch) == "Choice"), None)
    for branch in [best] if best is not None else branches[:1]:
        yield from children(branch)


def missing_main(what: str) -> ParseError:
    return ParseError(
        "unreadable",
        f"The {what} is damaged: the part that holds its text is missing. Open it in the program that made "
        "it, save it again and upload that.",
    )
