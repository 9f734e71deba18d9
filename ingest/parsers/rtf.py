"""Rich text (RTF): its words and tables; striprtf reads no pictures, no objects and no styles."""

from __future__ import annotations

import re
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.raised import raised

_MAX_BYTES = 64 * 1024 * 1024
_PICTURE = re.compile(r"\{\\\*?\\?(?:pict|object)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_TITLE = re.compile(r"\{\\info\b.{0,2000}?\{\\title\s+([^{}\\]{1,300})\}", re.DOTALL)
_AUTHOR = re.compile(r"\{\\info\b.{0,2000}?\{\\author\s+([^{}\\]{1,300})\}", re.DOTALL)
# Words that are switched to hidden, up to where that ends; framed by U+E0F0 and U+E0F1 (`frame_unseen`).
_HIDDEN = re.compile(r"\\v(?![a-z0-9])[ ]?([^{}]*?)(?=\\v0|\\plain|[{}])")
_TOKEN = re.compile(
    r"\\([a-z]{1,32})(-?\d{0,10}) ?|[{}]|\\'[0-9a-f]{2}|\\.|[^\\{}]+", re.IGNORECASE | re.DOTALL
)
# Control words behind which words stand for themselves, and those after which nothing is raised.
_BREAKS = frozenset({"par", "line", "tab", "cell", "row", "page", "sect"})
_LEVEL = frozenset({"nosupersub", "plain", "sub", "dn"})
_FRAMED = r"\\u-7952?\1\\u-7951?"


class RtfParser:
    name = "rtf"
    extensions = (".rtf",)

    def parse(self, path: Path) -> ParsedDocument:
        if path.stat().st_size > _MAX_BYTES:
            raise ParseError("output_too_large", "The file is too large to be read. Save it as .docx or PDF.")
        source = path.read_bytes().decode("latin-1")
        try:
            marked = _HIDDEN.sub(_FRAMED, _PICTURE.sub("", source))
            text: str = rtf_to_text(_with_raised(marked), errors="ignore")
        except (ValueError, IndexError, KeyError, LookupError, RecursionError, OverflowError) as error:
            raise ParseError(
                "unreadable", "The file is damaged. Open it in a word processor and save it as .docx."
            ) from error
        out = MarkdownWriter()
        rows: list[list[str]] = []
        for line in text.split("\n"):
            if line.endswith("|"):
                rows.append(line[:-1].split("|"))
                continue
            if rows and line.strip():
                out.table(rows)
                rows = []
            out.paragraph(line)
        out.table(rows)
        title, author = _TITLE.search(source), _AUTHOR.search(source)
        return out.document(title[1] if title else None, {"author": author[1]} if author else {})


def _with_raised(source: str) -> str:
    """The source with raised figures as "^6" where they follow a word or a number."""
    if r"\super" not in source and r"\up" not in source:
        return source
    pieces: list[str] = []
    is_raised, was_raised, outer, before = False, False, list[bool](), ""
    for token in _TOKEN.finditer(source):
        written, word = token[0], token[1]
        if written == "{":
            outer.append(is_raised)
        elif written == "}":
            is_raised = outer.pop() if outer else False
        elif word in ("super", "up"):
            is_raised = token[2] != "0"
        elif word in _LEVEL:
            is_raised = False
        elif word in _BREAKS:
            before = ""
        elif not word and written.strip("\r\n"):
            if is_raised and not was_raised:
                written = raised(written, before)
            before, was_raised = written, is_raised
        pieces.append(written)
    return "".join(pieces)
