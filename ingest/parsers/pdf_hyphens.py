"""Hyphens at the ends of lines: part of the word ("well-known"), or there because the line was full.

A document's own words decide. PDF libraries do not: PDFium and pypdf keep the line end, and what joins lines
(pdfminer, most converters) takes every such hyphen away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsers.pdf_lines import Line

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HYPHENATED = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_WORD_PART = re.compile(r"[^\W_]+")
_SOFT = "\u00ad"
# Shorter halves that are words ("in-form") are mere syllables as often as not.
_LEAST_HALF = 4
# These begin words that are written together: "over-view", "there-fore".
_BEGINNINGS = frozenset(
    {"ever", "every", "here", "inter", "other", "over", "some", "super", "there", "through", "under", "what"}
    | {"when", "where", "with", "fore", "counter", "auto"}
    | {"über", "unter", "wieder", "gegen", "durch", "hinter"}
)


@dataclass(frozen=True)
class Hyphens:
    """What a document tells of its hyphens.

    Attributes:
        words: every word, lower case, with its hyphens, but for the halves at line ends.
        breaks_words: whether lines end within words; documents of word processors mostly do not.
    """

    words: Set[str] = frozenset()
    breaks_words: bool = True

    @classmethod
    def of(cls, pages: Iterable[Sequence[Line]]) -> Hyphens:
        pages = list(pages)
        words = cls(frozenset(word for page in pages for word in _words(page)))
        broken = kept = 0
        for page in pages:
            for first, second in _halves(page):
                known = words._known(first, second)
                broken += known is True
                kept += known is False
        return cls(words.words, broken >= kept)

    def join(self, text: str, above: str, below: str) -> str | None:
        """Text that ends with the line above, continued by the line below; None without a hyphen."""
        first, second = _HYPHENATED.search(above), _WORD_PART.match(below)
        if not first or not second:
            return None
        if not second[0][0].islower():
            return text + below
        known = self._known(first[1], second[0])
        is_broken = above.endswith(_SOFT) or (self.breaks_words if known is None else known)
        return (text[:-1] if is_broken else text) + below

    def _known(self, first: str, second: str) -> bool | None:
        """Whether the hyphen between two halves came from breaking the line; None where nothing tells."""
        first, second = first.lower(), second.lower()
        if f"{first}{second}" in self.words:
            return True
        # No program leaves one letter alone.
        if f"{first}-{second}" in self.words or min(len(first), len(second)) == 1:
            return False
        are_words = first in self.words and second in self.words
        if are_words and min(len(first), len(second)) >= _LEAST_HALF and first not in _BEGINNINGS:
            return False
        return None


def _words(page: Sequence[Line]) -> Iterator[str]:
    is_rest = False
    for line in page:
        words = _WORD.findall(line.text.lower())
        is_broken = _HYPHENATED.search(line.text) is not None
        yield from words[int(is_rest) : len(words) - is_broken]
        is_rest = is_broken


def _halves(page: Sequence[Line]) -> Iterator[tuple[str, str]]:
    for above, line in pairwise(page):
        first, second = _HYPHENATED.search(above.text), _WORD_PART.match(line.text)
        if first and second and second[0][0].islower():
            yield first[1], second[0]
