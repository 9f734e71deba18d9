"""OpenDocument files (ISO/IEC 26300): their names, their parts, and the document's properties."""

from __future__ import annotations

from typing import Any

from ingest.parsers.base import ParseError
from ingest.parsers.ooxml import Package, properties_of
from ingest.parsers.xml_tree import Element, children

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE = f"{_OASIS}office:1.0}}"
TEXT = f"{_OASIS}text:1.0}}"
TABLE = f"{_OASIS}table:1.0}}"
DRAW = f"{_OASIS}drawing:1.0}}"
STYLE = f"{_OASIS}style:1.0}}"
PRESENTATION = f"{_OASIS}presentation:1.0}}"
CHART = f"{_OASIS}chart:1.0}}"
FO = f"{_OASIS}xsl-fo-compatible:1.0}}"
SVG = f"{_OASIS}svg-compatible:1.0}}"
XLINK = "{http://www.w3.org/1999/xlink}"


def odf_properties(package: Package) -> tuple[str | None, dict[str, Any]] | None:
    """The title and the metadata; None for a file that is no OpenDocument."""
    root = package.xml("meta.xml")
    meta = root.find(f"{OFFICE}meta") if root is not None else None
    return None if meta is None else properties_of(children(meta))


def odf_body(package: Package, folder: str = "") -> Element:
    """What stands below office:body: office:text, office:presentation, office:drawing or office:chart.

    Raises:
        ParseError: encrypted, or unreadable.
    """
    manifest = package.data("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest:
        raise ParseError(
            "encrypted", "The document is protected by a password. Save a copy without it and upload that."
        )
    root = package.xml(f"{folder}content.xml")
    body = root.find(f"{OFFICE}body") if root is not None else None
    content = next(children(body), None) if body is not None else None
    if content is None:
        raise ParseError(
            "unreadable",
            "The document is damaged: the part that holds its text is missing. Open it in the program that "
            "made it, save it again and upload that.",
        )
    return content
