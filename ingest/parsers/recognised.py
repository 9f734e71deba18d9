"""What text recognition found on pages that are pictures, on its way into the parsing process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, runtime_checkable

from ingest.parsers.base import ParsedDocument
from ingest.parsers.pdf_lines import Line, Word, clean_line
from ingest.parsers.wire import load_document

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
    """By number of the page.

    Raises:
        ValueError: these are no recognised pages.
    """
    pages = json.loads(data, parse_constant=_no_constant)
    if not isinstance(pages, list):
        raise ValueError("no list of pages")
    return {page.number: page for page in map(_page, pages)}


def load_page(data: bytes) -> RecognisedPage:
    """The one page that a parsing process sent, believing nothing.

    Raises:
        ParseError: the error that the process sent.
        ValueError: it is neither.
    """
    if data.startswith(b"{"):
        load_document(data)
    [page] = load_recognised(data).values()
    return page


def _page(fields: object) -> RecognisedPage:
    values = _fields(fields, number=int, lines=list, confidence=float, engine=str)
    if not 0 <= values["confidence"] <= 1:
        raise ValueError("wrong confidence")
    return RecognisedPage(
        values["number"],
        tuple(map(_line, values["lines"])),
        values["confidence"],
        clean_line(values["engine"])[:100],
    )


def _line(fields: object) -> Line:
    values = _fields(fields, text=str, x=float, y=float, size=float, bold=bool, words=list)
    return Line(**{**values, "words": tuple(map(_word, values["words"]))})


def _word(fields: object) -> Word:
    return Word(**_fields(fields, text=str, x=float, x_end=float))


def _fields(fields: object, **kinds: type) -> dict[str, Any]:
    """The fields if they are these and of these kinds; whole numbers are numbers."""
    if not isinstance(fields, dict) or fields.keys() != kinds.keys():
        raise ValueError("wrong fields")
    for name, kind in kinds.items():
        if kind is float and type(fields[name]) is int:
            fields[name] = float(fields[name])
        if type(fields[name]) is not kind:
            raise ValueError(f"wrong type of {name}")
    return fields


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def recognition_metadata(recognised: Mapping[int, RecognisedPage]) -> dict[str, Any]:
    """For the document's metadata: the engine, and how sure it is of each page it read, and of the worst."""
    if not recognised:
        return {}
    sure = [page.confidence for page in recognised.values() if page.lines]
    return {
        **({"ocr_lowest": round(min(sure), 3)} if sure else {}),
        "ocr_engine": next(iter(recognised.values())).engine,
        "ocr_confidence": {str(number): round(page.confidence, 3) for number, page in recognised.items()},
    }
