"""What text recognition found on pages that are pictures, on its way into the parsing process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ingest.parsers.base import ParsedDocument
from ingest.parsers.pdf_lines import Line, Word

RECOGNISED_FILE = "recognised.json"


@dataclass(frozen=True)
class RecognisedPage:
    """The lines of one page.

    Attributes:
        number: of the page, from 1.
        confidence: of the engine in its words, 0 to 1; 0 where it found none.
    """

    number: int
    lines: tuple[Line, ...]
    confidence: float
    engine: str


@runtime_checkable
class RecognisingParser(Protocol):
    """A parser of a format whose pages may be pictures."""

    def parse_recognised(self, path: Path, recognised: Mapping[int, RecognisedPage]) -> ParsedDocument:
        """As `parse`, with the lines of these pages (by number from 1) where they have no text themselves."""
        ...


def dump_recognised(pages: Sequence[RecognisedPage]) -> bytes:
    return json.dumps([asdict(page) for page in pages], ensure_ascii=False).encode()


def load_recognised(data: bytes) -> dict[int, RecognisedPage]:
    """From this program's own hand, so it is believed."""
    pages: list[dict[str, Any]] = json.loads(data)
    return {
        page["number"]: RecognisedPage(**{**page, "lines": tuple(map(_line, page["lines"]))})
        for page in pages
    }


def _line(fields: dict[str, Any]) -> Line:
    return Line(**{**fields, "words": tuple(Word(**word) for word in fields["words"])})


def recognition_metadata(recognised: Mapping[int, RecognisedPage]) -> dict[str, Any]:
    """For the document's metadata: the engine, and how sure it is of each page it read."""
    if not recognised:
        return {}
    return {
        "ocr_engine": next(iter(recognised.values())).engine,
        "ocr_confidence": {str(number): round(page.confidence, 3) for number, page in recognised.items()},
    }
