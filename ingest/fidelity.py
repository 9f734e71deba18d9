"""How much of a file's text, headings and tables comes out of a parser, against a reviewed Markdown text.

Both sides are rendered to HTML and measured by what a reader sees of it, so that another way of writing the
same Markdown costs nothing: marks, link targets, image placeholders and comments are gone on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bs4 import BeautifulSoup, Comment, Tag
from markdown_it import MarkdownIt

from ingest.parsers.base import TextFormat

# A table counts as found when one of ours has this much of its words.
SAME_TABLE_F1 = 0.8

_WORD = re.compile(r"[^\W_]+")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Images with their alternative text, which only some converters write.
_NOT_WORDS = ("img", "script", "style", "template")
_reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@dataclass(frozen=True)
class Readable:
    """What a reader sees of a text, as words in lower case."""

    words: Counter[str]
    headings: Counter[str]
    tables: tuple[Counter[str], ...]


@dataclass(frozen=True)
class Fidelity:
    """How one side compares to the other.

    Attributes:
        token_f1: of the multisets of words, from 0 to 1.
        headings, tables: how many of the wanted ones were found.
    """

    token_f1: float
    headings: int
    tables: int


def readable(text: str, form: TextFormat = "markdown") -> Readable:
    page = BeautifulSoup(
        _reader.render(text) if form == "markdown" else f"<p>{escape(text)}</p>", "html.parser"
    )
    for comment in page.find_all(string=lambda string: isinstance(string, Comment)):
        comment.extract()
    for tag in page.find_all(_NOT_WORDS):
        tag.decompose()
    headings = Counter(" ".join(_words(tag)) for tag in page.find_all(_HEADINGS))
    headings.pop("", None)
    tables = tuple(Counter(_words(tag)) for tag in page.find_all("table"))
    return Readable(Counter(_words(page)), headings, tuple(filter(None, tables)))


def compare(shown: Readable, wanted: Readable) -> Fidelity:
    headings = sum((shown.headings & wanted.headings).values())
    return Fidelity(token_f1(shown.words, wanted.words), headings, _found(shown.tables, wanted.tables))


def token_f1(shown: Counter[str], wanted: Counter[str]) -> float:
    """Twice the words in common over all words of both; 1 when neither has any."""
    total = shown.total() + wanted.total()
    return 2 * (shown & wanted).total() / total if total else 1.0


def mean(values: Iterable[float]) -> float:
    found: Sequence[float] = list(values)
    return sum(found) / len(found) if found else 0.0


def _found(shown: Sequence[Counter[str]], wanted: Sequence[Counter[str]]) -> int:
    """How many wanted tables have one of their own that is nearly the same."""
    left = list(shown)
    count = 0
    for table in wanted:
        best = max(left, key=lambda candidate: token_f1(candidate, table), default=None)
        if best is not None and token_f1(best, table) >= SAME_TABLE_F1:
            left.remove(best)
            count += 1
    return count


def _words(tag: Tag) -> list[str]:
    # Tags within a word, such as those of x<sup>2</sup>, cut it on both sides alike.
    return _WORD.findall(unicodedata.normalize("NFKC", tag.get_text(" ")).casefold())
