"""Comma-separated values and their kin: one table, whatever separates the values."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ingest.parsers.base import ParsedDocument, require_text
from ingest.parsers.encoding import decode_text
from ingest.parsers.markup import MarkdownWriter
from ingest.parsers.ooxml import words_of

SEPARATORS = (",", ";", "\t", "|")
_LOOKED_AT_ROWS = 50
_MAX_VALUE_CHARS = 1_000_000
# Excel's own hint in the first line.
_HINT = re.compile(r"sep=(.)\n", re.IGNORECASE)


class CsvParser:
    name = "csv"
    extensions = (".csv", ".tsv", ".tab")

    def parse(self, path: Path) -> ParsedDocument:
        text = decode_text(path.read_bytes())
        require_text(text)
        hint = _HINT.match(text)
        if hint:
            text = text[hint.end() :]
        csv.field_size_limit(_MAX_VALUE_CHARS)
        separator = hint[1] if hint else find_separator(text)
        rows = _rows(text, separator)
        out = MarkdownWriter()
        out.table([words_of(value) for value in row] for row in rows)
        return out.document()


def find_separator(text: str) -> str:
    """The sign that cuts the most rows into as many values as it cuts the first one."""
    best, best_score = SEPARATORS[0], (0.0, 0)
    for separator in SEPARATORS:
        rows = islice(_rows(text[:_MAX_VALUE_CHARS], separator), _LOOKED_AT_ROWS)
        widths = [len(row) for row in rows if row]
        if not widths or widths[0] < 2:
            continue
        score = (widths.count(widths[0]) / len(widths), widths[0])
        if score > best_score:
            best, best_score = separator, score
    return best


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
