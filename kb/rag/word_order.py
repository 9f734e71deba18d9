"""Who does what to whom: the right words in another order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from kb.rag.dates import Clock, same_clock
from kb.rag.polarity import is_passive
from kb.rag.reading import Reading
from kb.rag.window import Window
from kb.rag.words import stem


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


# Two sentences with this share of their words in common are made of the same words.
_SAME_WORDS = 0.8
_JOINING = frozenset(["and", "or", "nor"])
_LIST_WORDS = 4
_GERMAN_VERBS = _stems("ist sind wird werden hat haben muss müssen darf dürfen kann können soll sollen")
_GERMAN_PREPOSITIONS = _stems(
    "von vom am an im in ab bis vor nach seit auf bei beim um für mit ohne während zwischen zu"
)
_RANGE = re.compile(r"\b(?:from|between|von|zwischen)\b|\d\s?(?:-|to|bis)\s?\d", re.IGNORECASE)


def order_differs(claim: Reading, window: Window) -> bool:
    """Whether two things changed places around the words between them: "A pays B" for "B pays A".

    A clause that moved as a whole ("if X, then Y" for "Y if X") is no such change, and the passive undoes
    one.
    """
    return _turned_range(claim, window) or any(
        _swapped(claim, statement.reading) or _exchanged(claim, statement.reading)
        for statement in window.statements
    )


def _turned_range(claim: Reading, window: Window) -> bool:
    """ "Between 7 pm and 7 am" for "between 7 am and 7 pm"."""
    sources = [pair for statement in window.statements for pair in pairwise(statement.reading.clocks)]

    def said(first: Clock, second: Clock) -> bool:
        return any(same_clock(first, one) and same_clock(second, other) for one, other in sources)

    return _RANGE.search(claim.text) is not None and any(
        said(second, first) and not said(first, second) for first, second in pairwise(claim.clocks)
    )


def _exchanged(claim: Reading, source: Reading) -> bool:
    """Whether the same words stand as P B M A S for P A M B S, small words counted: "the court of justice"
    for "the justice of court". Members of a list may change places."""
    mine, theirs = ([stem(token) for token in reading.all_tokens] for reading in (claim, source))
    shared = Counter(mine) & Counter(theirs)
    if shared.total() < _SAME_WORDS * max(len(mine), len(theirs)):
        return False
    here, there = _kept(mine, shared), _kept(theirs, shared)
    if _rotated(here, there):
        return False
    while here and here[0] == there[0]:
        here, there = here[1:], there[1:]
    while here and here[-1] == there[-1]:
        here, there = here[:-1], there[:-1]
    for first in range(1, len(here)):
        if here[-first:] != there[:first]:
            continue
        for last in range(1, len(here) - first):
            middle = here[last:-first]
            if here[:last] == there[-last:] and middle == there[first:-last]:
                if _fronted(here, middle, there):
                    continue
                joined = len(middle) <= _LIST_WORDS and not _JOINING.isdisjoint(middle)
                return not joined and is_passive(claim.text) == is_passive(source.text)
    return False


def _fronted(here: Sequence[str], middle: Sequence[str], there: Sequence[str]) -> bool:
    """German puts what opens a sentence before its verb and the subject behind it: "Am Montag ist das Büro
    geschlossen"."""
    return (
        bool(middle) and _GERMAN_VERBS.issuperset(middle) and bool({here[0], there[0]} & _GERMAN_PREPOSITIONS)
    )


def _swapped(claim: Reading, source: Reading) -> bool:
    # A list item is read behind the words above its list: its own words may be the last ones.
    if _turned_round(claim.stems, source.stems) or _turned_round(claim.stems[::-1], source.stems[::-1]):
        return False
    at = {item: i for i, item in enumerate(_numbered(source.stems))}
    shared = [at[item] for item in _numbered(claim.stems) if item in at]
    ranks = {place: rank for rank, place in enumerate(sorted(shared))}
    runs: list[list[int]] = []
    for rank in (ranks[place] for place in shared):
        if runs and rank == runs[-1][-1] + 1:
            runs[-1].append(rank)
        else:
            runs.append([rank])
    swapped = _one_exchange([run[0] for run in runs])
    return swapped and is_passive(claim.text) == is_passive(source.text)


def _turned_round(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether the words that both have follow each other in one order, begun at another place: a clause
    moved."""
    shared = Counter(mine) & Counter(theirs)
    here, there = (_kept(stems, shared) for stems in (mine, theirs))
    return _rotated(here, there)


def _rotated(here: Sequence[str], there: Sequence[str]) -> bool:
    return any([*here] == [*there[at:], *there[:at]] for at in range(len(there)) if there[at] == here[0])


def _kept(stems: Sequence[str], counts: Counter[str]) -> list[str]:
    """Each stem as often as counted, the first ones."""
    left = Counter(counts)
    kept = []
    for item in stems:
        if left[item] > 0:
            left[item] -= 1
            kept.append(item)
    return kept


def _numbered(stems: Sequence[str]) -> list[tuple[str, int]]:
    """Each stem with how often it came before, so that repeats are told apart."""
    seen: dict[str, int] = {}
    numbered = []
    for item in stems:
        numbered.append((item, seen.get(item, 0)))
        seen[item] = seen.get(item, 0) + 1
    return numbered


def _one_exchange(heads: Sequence[int]) -> bool:
    """Whether runs stand as P B M A S for P A M B S: A and B changed places, no more."""
    for i in range(len(heads) - 2):
        if heads[i] > heads[i + 1] > heads[i + 2]:
            put_back = [*heads[:i], heads[i + 2], heads[i + 1], heads[i], *heads[i + 3 :]]
            return put_back == sorted(put_back)
    return False
