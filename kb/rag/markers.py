"""Citation markers: what models write to name a passage, in the forms that they really write.

``[1]``, ``[1, 2]``, ``[1][2]``, ``[^1]``, ``[Passage 2]``, ``(Source 1)``, and the lenticular brackets that
some hosted models use. A number in brackets that has more than three digits (``[2026]``) is text, not a
marker.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_WORD = r"(?:source|passage|document|doc|reference|ref|citation|excerpt)s?"
_NUMBER = r"\^?\d{1,3}(?!\d)"
_JOIN = r"[ \t]{0,2}(?:,|;|&|and|-|\u2013)[ \t]{0,2}"
_NUMBERS = rf"{_NUMBER}(?:{_JOIN}(?:{_WORD}[ ])?{_NUMBER}){{0,4}}"
_LABELLED = rf"{_WORD}[ ]?[:#]?[ ]?{_NUMBERS}"
# A link target behind the marker is dropped with it: the program makes the link, never the model (case 17).
_SQUARE = rf"\[[ ]?(?:{_LABELLED}|{_NUMBERS})[ ]?\](?:\([^()\s]{{0,100}}\))?"
_LENTICULAR = rf"\u3010[ ]?(?:{_LABELLED}|{_NUMBERS})(?:[\u2020:][^\u3011\n]{{0,40}})?[ ]?\u3011"
_ROUND = rf"\([ ]?{_LABELLED}[ ]?\)"
_MARKER = rf"(?:{_SQUARE}|{_LENTICULAR}|{_ROUND})"

MARKER = re.compile(_MARKER, re.IGNORECASE)
MARKER_RUN = re.compile(rf"(?:[ \t]{{0,8}}{_MARKER})+", re.IGNORECASE)
OPENERS = "[(\u3010"
# What may still become a marker when more text comes; longer than any marker or link target above, so that a
# text cut anywhere is decided as the whole text would be.
_UNFINISHED = re.compile(r"[ \t]*[\[(\u3010][^\])\u3011\n]{0,130}\Z")
_NUMBER_OR_RANGE = re.compile(r"(\d{1,3})(?:[ ]?[-\u2013][ ]?\^?(\d{1,3}))?")
_LOOSE_SPACE = re.compile(r"[ \t]+(?=[.,;:!?)]|$)")
_LONGEST_RANGE = 20


@dataclass(frozen=True)
class Marker:
    """A marker at ``text[start:end]``; numbers in the order written, without repeats."""

    start: int
    end: int
    numbers: tuple[int, ...]


def find_markers(text: str) -> Iterator[Marker]:
    """Every marker of the text, from left to right."""
    for match in MARKER.finditer(text):
        yield Marker(match.start(), match.end(), _numbers(match.group()))


def marker_numbers(text: str) -> tuple[int, ...]:
    """The passages that the text names, in order of first mention."""
    return tuple(dict.fromkeys(number for marker in find_markers(text) for number in marker.numbers))


def strip_markers(text: str) -> str:
    """The text without its markers, and without the spaces that they leave before a full stop."""
    if not any(opener in text for opener in OPENERS):
        return text
    pieces: list[str] = []
    last = 0
    for marker in find_markers(text):
        pieces.append(text[last : marker.start])
        last = marker.end
    if not last:
        return text
    joined = pieces[0]
    for piece in [*pieces[1:], text[last:]]:
        joined = joined.rstrip(" \t") + piece if piece[:1] in " .,;:!?)" else joined + piece
    return _LOOSE_SPACE.sub("", joined)


def keep_shown(numbers: Collection[int], shown: Collection[int]) -> tuple[tuple[int, ...], int]:
    """Split markers into those that name a shown passage and the count of those that do not (case 20)."""
    kept = tuple(number for number in numbers if number in shown)
    return kept, len(numbers) - len(kept)


def remove_unknown(text: str, shown: Collection[int]) -> tuple[str, int]:
    """Rewrite the text so that it names shown passages only, as ``[n]``.

    Returns:
        the text, and how many names of passages that were not shown it lost.
    """
    pieces: list[str] = []
    last = removed = 0
    for marker in find_markers(text):
        kept, unknown = keep_shown(marker.numbers, shown)
        removed += unknown
        before = text[last : marker.start]
        pieces.append(before if kept else before.rstrip(" \t"))
        pieces.extend(f"[{number}]" for number in kept)
        last = marker.end
    return "".join(pieces) + text[last:], removed


def may_grow(text: str) -> bool:
    """Whether the text, which begins where a marker may stand, could hold more of it once more text comes."""
    return not text.strip(" \t") or _UNFINISHED.match(text) is not None


def _numbers(marker: str) -> tuple[int, ...]:
    label = marker.partition("](")[0].partition("\u2020")[0]
    found: list[int] = []
    for match in _NUMBER_OR_RANGE.finditer(label):
        low = int(match.group(1))
        high = int(match.group(2) or low)
        found.extend(range(low, high + 1) if low <= high <= low + _LONGEST_RANGE else (low, high))
    return tuple(dict.fromkeys(found))
