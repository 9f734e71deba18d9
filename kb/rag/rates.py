"""What a number is counted by: "0.30 EUR/km" says neither "0.30 EUR" nor "0.30 EUR per night"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from kb.rag.quantities import Quantity
from kb.rag.reading import Reading
from kb.rag.statements import Statement
from kb.rag.window import Window
from kb.rag.wordlists import PERIODS, UNITS
from kb.rag.words import stem

_KNOWN = "|".join(sorted({word for word in {**PERIODS, **UNITS} if word.isalpha()}, key=len, reverse=True))
_PER = re.compile(
    r",? (?:per|pro|je|for each|for every) (?:(?:\d+|calendar|working|business) )?(?P<any>[^\W\d_]+)"
    rf"|,? (?:an?|each|every) (?P<known>{_KNOWN})\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:each|every|jede[nrs]?) (?P<any>[^\W\d_]+)", re.IGNORECASE)
_GERMAN_ENDING = re.compile(r"(?<=lich)e[mnrs]?\Z")
_SLASH = re.compile(r" ?/ ?(?P<any>[^\W\d_]+)")
# "3 bags per person": the noun that is counted stands between.
_NOUN = re.compile(r" (?!(?:per|pro|je|for|a|an|each|every)\b)[^\W\d_]+", re.IGNORECASE)


def rate_differs(claim: Reading, asked: Collection[str], window: Window) -> bool:
    """Whether a number of the claim is counted by something else than the same number of its source.

    Args:
        asked: stems of the question, which may say it: "What does a room cost per night?"
    """
    known = {_name(word) for word in (*claim.all_tokens, *asked, *window.context)}
    for item in claim.quantities:
        if item.implied:
            continue
        mine = _rate(claim.text, item)
        sources = [
            (statement, _rate(statement.reading.text, quantity))
            for statement in window.statements
            for quantity in statement.reading.quantities
            if not quantity.implied and quantity.value == item.value
        ]
        if sources and not any(
            theirs <= mine | known and mine <= _said(statement, theirs) for statement, theirs in sources
        ):
            return True
    return False


def _rate(text: str, item: Quantity) -> frozenset[str]:
    """What stands behind a number as "per night per person" and "mg/kg"."""
    found: set[str] = set()
    at = item.end
    while item.unit and (match := _SLASH.match(text, at)):
        found.add(_name(match["any"]))
        at = match.end()
    noun = _NOUN.match(text, at)
    if noun and _PER.match(text, noun.end()):
        at = noun.end()
    while match := _PER.match(text, at):
        found.add(_name(match["any"] or match["known"]))
        at = match.end()
    return frozenset(found)


def _said(statement: Statement, rate: frozenset[str]) -> frozenset[str]:
    """What a number may be counted by: its rate, and what is said of the whole ("Per night, ...").

    Where it has no rate, any word of the statement and its headings may name one.
    """
    text = statement.reading.text
    if not rate:
        return _names((*statement.reading.all_tokens, *statement.context))
    numbers = [_rate(text, item) for item in statement.reading.quantities if not item.implied]
    everywhere = _names(match["any"] or match["known"] for match in _PER.finditer(f" {text}"))
    each = _names(match["any"] for match in _EACH.finditer(text))
    return rate | (everywhere | each).difference(*numbers)


def _names(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_name, words))


def _name(word: str) -> str:
    folded = _GERMAN_ENDING.sub("", word.casefold())
    return PERIODS.get(folded) or UNITS.get(folded) or stem(folded)
