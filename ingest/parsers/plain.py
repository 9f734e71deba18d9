"""Plain text: paragraphs between blank lines."""

from __future__ import annotations

from pathlib import Path

from ingest.parsers.base import ParsedDocument, paragraphs, require_text
from ingest.parsers.encoding import decode_text


class PlainParser:
    name = "plain"
    extensions = (".txt", ".text", ".log")

    def parse(self, path: Path) -> ParsedDocument:
        text = decode_text(path.read_bytes())
        require_text(text)
        return ParsedDocument(text=text, format="plain", blocks=tuple(paragraphs(text)))
