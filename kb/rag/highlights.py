"""Where a query's words stand in a text, for the eye."""

from __future__ import annotations

import re
from itertools import islice

_WORD = re.compile(r"\w+", re.UNICODE)
_LEAST_LENGTH = 3
_COMMON = frozenset(
    [
        "the",
        "and",
        "for",
        "are",
        "was",
        "you",
        "can",
        "how",
        "what",
        "when",
        "where",
        "who",
        "why",
        "does",
        "did",
        "not",
        "with",
        "from",
        "this",
        "that",
    ]
)
_ENDINGS = ("ing", "es", "ed", "s")
_MOST = 50


def highlights(query: str, text: str) -> list[list[int]]:
    """Spans [start, end) in the text of the query's words, plural or singular alike; at most 50."""
    stems = {_stem(word) for word in _WORD.findall(query.lower()) if _counts(word)}
    if not stems:
        return []
    # One expression for all words: looking at each word of the text in Python takes ten times as long.
    choices = "|".join(re.escape(stem) for stem in sorted(stems))
    words = re.compile(rf"\b(?:{choices})(?:{'|'.join(_ENDINGS)})?\b", re.IGNORECASE)
    return [[match.start(), match.end()] for match in islice(words.finditer(text), _MOST)]


def _counts(word: str) -> bool:
    return len(word) >= _LEAST_LENGTH and word not in _COMMON


def _stem(word: str) -> str:
    """Enough to join plural and singular; this decides nothing but colour."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_LENGTH:
            return word[: -len(ending)]
    return word
