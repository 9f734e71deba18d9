"""XML from files that nobody trusts: no entities, no network, and as much as a damaged file still gives."""

from __future__ import annotations

from collections.abc import Iterator
from zipfile import BadZipFile, ZipFile
from zlib import error as zlib_error

from lxml import etree

from ingest.parsers.base import ParseError

Element = etree._Element


def parse_xml(data: bytes) -> Element | None:
    """The root, or None when nothing of it is XML.

    Nothing is fetched and no entity is resolved (case 12); depth and the length of a text are bounded by
    libxml2.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None


def read_entry(archive: ZipFile, name: str) -> bytes | None:
    """An entry of a guarded archive; None when it is not there.

    Raises:
        ParseError: it is damaged.
    """
    try:
        return archive.read(name)
    except KeyError:
        return None
    except (BadZipFile, zlib_error, EOFError, OSError, NotImplementedError) as error:
        raise ParseError(
            "unreadable",
            "The file is damaged or was not saved completely. Open it in the program that made it, save it "
            "again and upload that.",
        ) from error


def children(element: Element) -> Iterator[Element]:
    """The elements directly below, without entities that were left unresolved."""
    for child in element:
        if isinstance(child.tag, str):
            yield child


def local_name(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
