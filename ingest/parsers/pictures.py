"""Pictures of pages, drawn in the parsing process: the file is not trusted, and its pixels are."""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from PIL import Image

from ingest.parsers.base import ParseError, Parser
from ingest.parsers.wire import load_document

MAX_SIDE = 6000
MAX_PIXELS = 24_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class PageRequest:
    """Which page to draw.

    Attributes:
        number: from 1.
        width: pixels of a page in portrait; a page in landscape gets as many in height.
    """

    number: int
    width: int


@runtime_checkable
class DrawingParser(Protocol):
    """A parser of a format that has pages which can be drawn."""

    def draw(self, path: Path, page: PageRequest) -> Image.Image:
        """Raises ParseError (no_page) where there is no such page."""
        ...


def no_page() -> ParseError:
    return ParseError("no_page", "There is no picture of this page.")


def draw(parser: Parser, path: Path, page: PageRequest) -> bytes:
    """Raises ParseError: no_page, or why the file cannot be read."""
    if not isinstance(parser, DrawingParser):
        raise no_page()
    out = io.BytesIO()
    parser.draw(path, page).save(out, "PNG", compress_level=6)
    return out.getvalue()


def fitting_scale(size: tuple[float, float], wanted: int) -> float:
    """Pixels for each unit of a page, so that its shorter side gets what is wanted within the limits."""
    width, height = size
    if not (width > 0 and height > 0):
        raise no_page()
    scale = wanted / min(width, height)
    return min(scale, MAX_SIDE / max(width, height), math.sqrt(MAX_PIXELS / (width * height)))


def load_picture(data: bytes) -> bytes:
    """What a parsing process sent, if it is a picture of a sound size.

    Raises:
        ParseError: the error that the process sent.
        ValueError: it is neither.
    """
    if data.startswith(b"{"):
        load_document(data)
    if len(data) < 24 or not data.startswith(_PNG) or data[12:16] != b"IHDR":
        raise ValueError("no PNG")
    return _checked(data, *struct.unpack(">II", data[16:24]))


def _checked(data: bytes, width: int, height: int) -> bytes:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise ValueError("a picture of an unsound size")
    return data
