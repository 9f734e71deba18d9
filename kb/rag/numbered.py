"""Things that are told apart by a number: "Building 3" is not "Building 4", nor release 2.1 release 2.2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kb.rag.words import is_content, plain, stem

# "3. Allowances": the place of a section, which moves from one version to the next.
_PLACE = re.compile(r"\s*\d+(?:\.\d+)*[.)]?\s+")
_NUMBERED = re.compile(
    r"([^\W\d_]{2,})[\s\-\u2010-\u2015]{1,3}(?:no\.?\s*|nr\.?\s*|#)?(\d+(?:\.\d+)*)(?![\w%])", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# The number behind these tells states of one thing, or a day.
_STATES = frozenset(
    (
        "version", "revision", "rev", "edition", "issue", "update", "updated", "page", "year", "january",
        "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
        "januar", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember", "jahr", "stand", "fassung",
        "ausgabe", "seite",
    )
)  # fmt: skip


def numbered(texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """The numbers of the things that titles and headings name, by the stem of the word before the number.

    Years count as states of one thing, and so do versions.
    """
    found: dict[str, set[str]] = {}
    for text in texts:
        said = plain(text)
        for match in _NUMBERED.finditer(said, _begin(said)):
            word, number = match[1].casefold(), match[2]
            if word not in _STATES and is_content(word) and not _YEAR.fullmatch(number):
                found.setdefault(stem(word), set()).add(number.lstrip("0") or "0")
    return {word: frozenset(numbers) for word, numbers in found.items()}


def are_apart(one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    """Whether they name the same kind of thing by other numbers."""
    return any(one[word].isdisjoint(other[word]) for word in one.keys() & other.keys())


def years_in(texts: Iterable[str]) -> frozenset[int]:
    return frozenset(int(year) for text in texts for year in _YEAR.findall(text))


def _begin(text: str) -> int:
    place = _PLACE.match(text)
    return place.end() if place else 0
