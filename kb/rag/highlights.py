"""Where a query's words stand in a text, for the eye."""

from __future__ import annotations

import re

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
_MOST = 50


def highlights(query: str, text: str) -> list[list[int]]:
    """Spans [start, end) in the text of words that begin like a word of the query; at most 50."""
    stems = {_stem(word) for word in _WORD.findall(query.lower()) if _counts(word)}
    found = []
    for match in _WORD.finditer(text):
        if _counts(match[0]) and _stem(match[0].lower()) in stems:
            found.append([match.start(), match.end()])
            if len(found) == _MOST:
                break
    return found


def _counts(word: str) -> bool:
    return len(word) >= _LEAST_LENGTH and word.lower() not in _COMMON


def _stem(word: str) -> str:
    """Enough to join plural and singular; this decides nothing but colour."""
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_LENGTH:
            return word[: -len(ending)]
    return word
