"""Reading PDF files: text, headings, tables and page spans, against pypdf's bare text of the same files."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from pypdf import PdfReader

from ingest.parsers.pdf import PdfParser
from kb.conf import config
from tests.performance.result import Result, compared

_ROUNDS = 3
_REAL_FILES = 3
_DEMO = Path("ingest") / "demo" / "corpus"


def run(names: Sequence[str]) -> list[Result]:
    """The sides take turns file by file; the first round warms both up."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    files = _files()
    ours: list[float] = []
    plain: list[float] = []
    pages = 0
    for at in range(_ROUNDS + 1):
        sides = [(_timed(_parse, path), _timed(_bare, path)) for path in files]
        pages = sum(one[0] for one, _ in sides)
        if at:
            ours.append(pages / sum(seconds for (_, seconds), _ in sides))
            plain.append(pages / sum(seconds for _, (_, seconds) in sides))
    return [compared(names[0], ">= 3", f"pages/s, {pages} pages of {len(files)} PDFs", ours, plain)]


def _files() -> list[Path]:
    """The demo's files, and the smallest of the real filings where these are at hand."""
    demo = sorted((settings.BASE_DIR / _DEMO).rglob("*.pdf"))
    real = sorted(
        (config.eval_data / "financebench" / "pdfs").glob("*.pdf"), key=lambda path: path.stat().st_size
    )
    return demo + real[:_REAL_FILES]


def _timed(read: Callable[[Path], int], path: Path) -> tuple[int, float]:
    """Pages, and the seconds that they took."""
    started = time.perf_counter()
    pages = read(path)
    return pages, time.perf_counter() - started


def _parse(path: Path) -> int:
    return len(PdfParser().parse(path).pages)


def _bare(path: Path) -> int:
    reader = PdfReader(path)
    for page in reader.pages:
        page.extract_text()
    return len(reader.pages)
