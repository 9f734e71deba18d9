"""Text recognition of one page with Tesseract, in the parsing process."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from PIL import Image

from ingest.parsers.base import ParseError, Parser
from ingest.parsers.pdf_lines import Line, Word, clean_line
from ingest.parsers.pictures import DrawingParser, PageRequest, no_page
from ingest.parsers.recognised import RecognisedPage

# A page of A4 at 200 points per inch: at 150 more words are wrong, at 300 it takes longer for no gain.
WIDTH = 1654
_RESOLUTION = 200
_PAGE_POINTS = 595.0
_BODY_SIZE = 10.0
# A line this much higher than most is of larger letters; below that it only happens to hold high ones.
_LARGER = 1.35
# Words that the engine believes in less are stains and borders more often than words.
MIN_CONFIDENCE = 0.3
# Pages that are read below this are tried in the other turns, and one counts that is so much better.
_SURE = 0.75
_BETTER = 1.3

# Where the data of languages may lie: of the Python packages `tessdata-fast-…`, and of Debian.
_DATA_FOLDERS = (
    Path(sys.prefix) / "share" / "tessdata",
    Path("/usr/share/tesseract-ocr/5/tessdata"),
    Path("/usr/share/tessdata"),
)


@dataclass(frozen=True)
class _Found:
    """A word as the engine reports it, in pixels from the upper left corner."""

    line: tuple[str, str, str]
    text: str
    left: int
    top: int
    width: int
    height: int
    confidence: float


def data_folder(languages: Sequence[str]) -> Path | None:
    """The folder with the data of all these languages."""
    for folder in (Path(os.environ.get("TESSDATA_PREFIX") or "/nonexistent"), *_DATA_FOLDERS):
        if languages and all((folder / f"{language}.traineddata").is_file() for language in languages):
            return folder
    return None


def why_not(languages: Sequence[str]) -> str:
    """Why no text can be recognised here, as words that say what to do; empty when it can."""
    if find_spec("tesserocr") is None:
        return "the Python package tesserocr is not installed"
    if data_folder(languages) is None:
        names = ", ".join(languages)
        return (
            f"data for the languages of KB_OCR_LANGUAGES ({names}) is missing; install the Python packages "
            "tessdata-fast-… or Debian's tesseract-ocr-…"
        )
    return ""


def recognise(parser: Parser, path: Path, number: int, languages: Sequence[str]) -> RecognisedPage:
    """Read a page that is a picture.

    Raises:
        ParseError: no_page, ocr_unavailable, or why the file cannot be read.
    """
    if not isinstance(parser, DrawingParser):
        raise no_page()
    folder = data_folder(languages)
    if folder is None:
        raise ParseError("ocr_unavailable", f"Text recognition does not work: {why_not(languages)}.")
    import tesserocr

    image = parser.draw(path, PageRequest(number, WIDTH)).convert("L")
    name = tesserocr.tesseract_version().split("\n")[0].strip()
    with tesserocr.PyTessBaseAPI(
        path=str(folder), lang="+".join(languages), psm=tesserocr.PSM.AUTO
    ) as engine:

        def read(turned: Image.Image) -> RecognisedPage:
            engine.SetImage(turned)
            engine.SetSourceResolution(_RESOLUTION)
            return page_of(list(_words(engine.GetTSVText(0))), number, turned.size, name)

        return best_turn(image, read)


def best_turn(image: Image.Image, read: Callable[[Image.Image], RecognisedPage]) -> RecognisedPage:
    """The page as it lies, unless that reads badly and a turn of it reads better.

    The engine's own detection of the orientation needs data that the packages of languages do not have.
    """
    best = read(image)
    if best.confidence >= _SURE:
        return best
    for turn in (Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180):
        found = read(image.transpose(turn))
        if _worth(found) > _BETTER * _worth(best):
            best = found
        if best.confidence >= _SURE:
            break
    return best


def _worth(page: RecognisedPage) -> float:
    """Nonsense may have many letters, and one letter may be certain by chance."""
    return page.confidence**2 * sum(len(line.text) for line in page.lines)


def _words(table: str) -> Iterator[_Found]:
    for row in table.splitlines():
        fields = row.split("\t")
        if len(fields) != 12 or fields[0] != "5" or not fields[11].strip():
            continue
        confidence = float(fields[10]) / 100
        if confidence >= MIN_CONFIDENCE:
            left, top, width, height = map(int, fields[6:10])
            place = (fields[2], fields[3], fields[4])
            yield _Found(place, fields[11].strip(), left, top, width, height, confidence)


def page_of(found: Sequence[_Found], number: int, size: tuple[int, int], engine: str) -> RecognisedPage:
    """The lines of a page of this size in pixels, in the order in which the engine reads them."""
    if not found:
        return RecognisedPage(number, (), 0.0, engine)
    points = _PAGE_POINTS / min(size)
    rows = [list(row) for _, row in groupby(found, key=lambda word: word.line)]
    usual = statistics.median(map(_height, rows)) or 1
    lines = tuple(_line(row, points, size[1], _height(row) / usual) for row in rows)
    letters = sum(len(word.text) for word in found)
    confidence = sum(word.confidence * len(word.text) for word in found) / letters
    return RecognisedPage(number, lines, round(confidence, 4), engine)


def _height(row: Iterable[_Found]) -> int:
    return max(word.height for word in row)


def _line(row: Sequence[_Found], points: float, page_height: int, larger: float) -> Line:
    size = _BODY_SIZE * (round(2 * larger) / 2 if larger >= _LARGER else 1)
    words = tuple(Word(word.text, word.left * points, (word.left + word.width) * points) for word in row)
    bottom = max(word.top + word.height for word in row)
    text = clean_line(" ".join(word.text for word in row))
    return Line(text, words[0].x, (page_height - bottom) * points, size, words=words)
