"""File formats: each is one module here and one entry in PARSERS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ingest.parsers.asciidoc import AsciidocParser
from ingest.parsers.base import Block, ParsedDocument, ParseError, Parser
from ingest.parsers.containers import kind_of_container, refusal
from ingest.parsers.csv_table import CsvParser
from ingest.parsers.docx import DocxParser
from ingest.parsers.eml import EmlParser
from ingest.parsers.epub import EpubParser
from ingest.parsers.html import HtmlParser
from ingest.parsers.images import ImageParser
from ingest.parsers.legacy_office import DocParser, PptParser
from ingest.parsers.markdown import MarkdownParser
from ingest.parsers.msg import MsgParser
from ingest.parsers.odf import OdfParser
from ingest.parsers.pdf import PdfParser
from ingest.parsers.plain import PlainParser
from ingest.parsers.pptx import PptxParser
from ingest.parsers.rst import RstParser
from ingest.parsers.rtf import RtfParser
from ingest.parsers.sniffing import SNIFF_BYTES, sniff
from ingest.parsers.spreadsheet import SpreadsheetParser
from kb.library.kinds import WORDS as KINDS
from kb.library.kinds import kind_of

__all__ = ["EXTENSIONS", "PARSERS", "Block", "ParseError", "ParsedDocument", "Parser", "detect"]

PARSERS: tuple[Parser, ...] = (
    MarkdownParser(),
    PlainParser(),
    HtmlParser(),
    PdfParser(),
    ImageParser(),
    DocxParser(),
    PptxParser(),
    SpreadsheetParser(),
    OdfParser(),
    EpubParser(),
    CsvParser(),
    AsciidocParser(),
    RstParser(),
    RtfParser(),
    DocParser(),
    PptParser(),
    EmlParser(),
    MsgParser(),
)
EXTENSIONS = frozenset(extension for parser in PARSERS for extension in parser.extensions)


def detect(path: Path, file_name: str, parsers: Sequence[Parser] = PARSERS) -> Parser:
    """Choose the parser by the file's first bytes and, where these only say "text", by its name.

    Args:
        path: the stored file.
        file_name: the name that the file was uploaded under; only its extension is looked at.

    Raises:
        ParseError: empty, not_text or unsupported.
    """
    extension = PurePosixPath(file_name).suffix.lower()
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    kind = kind_of_container(path, head) or sniff(head, extension)
    if kind is None and not extension:
        kind = PlainParser.name
    for parser in parsers:
        if parser.name == kind or (kind is None and extension in parser.extensions):
            return parser
    if (refused := refusal(kind)) is not None:
        raise refused
    shown = extension if extension[1:].isalnum() else "these"
    raise ParseError(
        "unsupported",
        f"Files of the kind {shown[:20]} cannot be read. {_readable(parsers)} Save it as one of these and "
        "upload that.",
    )


def _readable(parsers: Sequence[Parser]) -> str:
    """The endings that are read, by the kind of document as people call it."""
    groups: dict[str, list[str]] = {}
    for extension in sorted(extension for parser in parsers for extension in parser.extensions):
        groups.setdefault(kind_of(f"x{extension}"), []).append(extension)
    ordered = [kind for kind in KINDS if kind in groups]
    return "; ".join(f"{KINDS[kind]}: {' '.join(groups[kind])}" for kind in ordered) + "."
