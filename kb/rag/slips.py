"""Mistyped words: the nearest known one, where a slip of the finger explains the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

_SHORTEST = 4  # of shorter words too many others are one slip away
_LONG = 8  # from this length on, two slips still leave a word that is like few others


def nearest_word(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant: the nearest, then the most frequent; "" when there is none.

    Args:
        word: casefolded. Words with digits mean what they say.
        known: casefolded words, as often as they occur.
    """
    if len(word) < _SHORTEST or not word.isalpha():
        return ""
    most = 2 if len(word) >= _LONG else 1
    counts = Counter(other for other in known if other.isalpha() and abs(len(other) - len(word)) <= most)
    near = [(slips_between(word, other, most), -count, other) for other, count in counts.items()]
    ranked = sorted(item for item in near if 0 < item[0] <= most and len(item[2]) >= _SHORTEST - 1)
    return ranked[0][2] if ranked else ""


def slips_between(one: str, other: str, most: int) -> int:
    """Letters left out, put in, replaced, or swapped with a neighbour; ``most + 1`` where there are more.

    Optimal string alignment (Damerau 1964).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        current = [i]
        for j, another in enumerate(other, 1):
            best = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        if min(current) > most:
            return most + 1
        before, row = row, current
    return min(row[-1], most + 1)
