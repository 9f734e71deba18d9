"""Prepositions that turn a meaning: "outside office hours" is not "during office hours"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.rag.reading import Reading
from kb.rag.window import Window
from kb.rag.wordlists import NUMBER_WORDS, STOP_WORDS
from kb.rag.words import stem

_KINDS = {
    word: kind
    for kind, words in {
        "before": "before|prior to|ahead of|vor|bevor",
        "after": "after|following|nach|nachdem",
        "during": "during|within|inside|während|innerhalb|binnen",
        "outside": "outside|außerhalb",
        "until": "until|till|bis",
        "above": "above|over|über|oberhalb",
        "below": "below|under|beneath|underneath|unter|unterhalb",
        "in": "in|im",
        "when": "when|once|as soon as|sobald",
    }.items()
    for word in words.split("|")
}
# Of these kinds, none is said where a source has the other before the same words.
_AGAINST = frozenset(
    frozenset(pair.split())
    for pair in (
        "before after",
        "before during",
        "after during",
        "until after",
        "until outside",
        "outside during",
        "outside in",
        "above below",
        "when before",
        "when until",
    )
)
# "Up to five" and "bis zu fünf" are limits of a number.
_PREPOSITION = re.compile(
    rf"\b({'|'.join(sorted(_KINDS, key=len, reverse=True))})\b(?! zu\b)"
    r"(?P<object>(?: [^\W_]+(?:[-'.:,/][^\W_]+)*)+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
# So many words of what follows tell one object from another.
_LONGEST_OBJECT = 3
# "Before and after each meal": both stand before the meal.
_MOST_BEFORE_OBJECT = 4


def turned_by_preposition(claim: Reading, window: Window) -> bool:
    """Whether a preposition of the claim stands against the one that its source has before the same words."""
    sources = [found for statement in window.statements for found in _found(statement.reading)]
    return any(
        kinds and all(frozenset((kind, other)) in _AGAINST for other in kinds)
        for kind, words in _found(claim)
        if (kinds := {other for other, theirs in sources if _same(words, theirs)})
    )


def _found(reading: Reading) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each preposition's kind with the stems of the first words behind it."""
    at = 0
    while match := _PREPOSITION.search(reading.text, at):
        at = match.end(1)
        words = [word.group().casefold() for word in _WORD.finditer(match["object"])]
        begin = 0
        while begin < min(_MOST_BEFORE_OBJECT, len(words)) and words[begin] in STOP_WORDS:
            begin += 1
        kept: list[str] = []
        for word in words[begin : begin + _LONGEST_OBJECT]:
            if word in STOP_WORDS:
                break
            kept.append(str(NUMBER_WORDS[word]) if word in NUMBER_WORDS else stem(word))
        if kept:
            yield _KINDS[match.group(1).lower()], tuple(kept)


def _same(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    return all(one == other for one, other in zip(mine, theirs, strict=False))
