"""Quoted words as a person reads them: without Markdown's marks, with some words around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_AROUND_CHARS = 120
# Bounded, and without nesting: on "[[[[…" an open-ended one takes quadratic time.
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
_LINE_START = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+|>[ \t]?)", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")
_TABLE_RULE = re.compile(r"[ \t:|-]+")
_HEADINGS = re.compile(r"\s*(?:#{1,6}[ \t][^\n]*\n\s*)+")


@dataclass(frozen=True)
class Excerpt:
    """A quotation with the words before and after it; the three follow each other as they stand."""

    before: str
    quote: str
    after: str


def excerpt_of(passage_text: str, quote: str) -> Excerpt:
    """Find the quote in its passage and keep the rest of its paragraph, some words to each side.

    A quote that the passage does not hold (its text was purged) stands alone.
    """
    at = passage_text.find(quote)
    if at < 0:
        return Excerpt("", readable(quote), "")
    before = passage_text[:at].rpartition("\n\n")[2]
    after = passage_text[at + len(quote) :].partition("\n\n")[0]
    if quote.lstrip().startswith("|") or before.lstrip().startswith("|"):
        return _table_excerpt(before, quote)
    return Excerpt(
        before=_end_of(readable(before)) + (" " if before[-1:].isspace() else ""),
        quote=readable(quote),
        after=(" " if after[:1].isspace() else "") + _start_of(readable(after)),
    )


def _table_excerpt(before: str, quote: str) -> Excerpt:
    """A row means little without the head of its columns, and enough with it."""
    head = readable(before.lstrip().partition("\n")[0])
    return Excerpt(f"{head}: " if head else "", readable(quote), "")


def readable(text: str) -> str:
    """Markdown without its marks, on one line: "cell · cell; cell · cell" for the rows of a table."""
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if not (line.startswith("|") and _TABLE_RULE.fullmatch(line))]
    words: list[str] = []
    for line, following in pairwise([*lines, ""]):
        is_row = line.startswith("|")
        words.append(_cells(line) + (";" if is_row and following.startswith("|") else ""))
    text = _LINE_START.sub("", _LINK.sub(r"\1", "\n".join(words)))
    return " ".join(_EMPHASIS.sub("", text).split())


def without_headings(text: str) -> str:
    """The text below the headings with which it begins."""
    start = _HEADINGS.match(text)
    return text[start.end() :] if start else text


def _cells(line: str) -> str:
    if not line.startswith("|"):
        return line
    cells = (cell.strip() for cell in line.split("|"))
    return " · ".join(cell for cell in cells if cell)


def _end_of(text: str) -> str:
    if len(text) <= _AROUND_CHARS:
        return text
    return "… " + text[-_AROUND_CHARS:].partition(" ")[2]


def _start_of(text: str) -> str:
    if len(text) <= _AROUND_CHARS:
        return text
    return text[:_AROUND_CHARS].rpartition(" ")[0] + " …"
