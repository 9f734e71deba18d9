"""Documents of Office 97 to 2003 (DOC, PPT): turned into their successors, which are read as those are.

The converters are young. They are loaded only in the limited process that has such a file before it, and
whatever they cannot do ends in the advice to save the file in a newer format.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.docx import DocxParser
from ingest.parsers.pptx import PptxParser

Converter = Callable[[Path, Path], object]


class DocParser:
    name = "doc"
    extensions = (".doc", ".dot")

    def parse(self, path: Path) -> ParsedDocument:
        with tempfile.TemporaryDirectory() as folder:
            successor = Path(folder) / "converted.docx"
            _convert(_convert_doc, path, successor, "Word document", ".docx")
            return DocxParser().parse(successor)


class PptParser:
    name = "ppt"
    extensions = (".ppt", ".pps", ".pot")

    def parse(self, path: Path) -> ParsedDocument:
        with tempfile.TemporaryDirectory() as folder:
            successor = Path(folder) / "converted.pptx"
            _convert(_convert_ppt, path, successor, "PowerPoint file", ".pptx")
            return PptxParser().parse(successor)


def _convert(convert: Converter, path: Path, successor: Path, what: str, newer: str) -> None:
    try:
        convert(path, successor)
    except MemoryError:
        raise
    except Exception as error:  # they raise what a broken table leads them to
        if "Encrypted" in type(error).__name__ or "Password" in type(error).__name__:
            raise ParseError(
                "encrypted",
                f"This {what} is protected by a password. Save a copy without it and upload that.",
            ) from error
        raise ParseError(
            "unsupported",
            f"This older {what} could not be read. Open it in Office or LibreOffice, save it as {newer} or "
            "PDF and upload that.",
        ) from error


def _convert_doc(path: Path, successor: Path) -> None:
    from doc2docx import convert

    convert(path, successor)


def _convert_ppt(path: Path, successor: Path) -> None:
    from ppt2pptx import convert

    convert(path, successor)
