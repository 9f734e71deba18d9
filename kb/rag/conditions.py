"""Conditions of a source that a sentence leaves out: "you may" for "you may, if" and "unless"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from kb.rag.reading import Reading
from kb.rag.window import Window
from kb.rag.words import content_stems

_CONDITION = re.compile(
    r"\b(?:if|unless|except(?: (?:if|when|that|for))?|provided that|as long as|only when"
    r"|wenn|falls|sofern|solange|es sei denn|vorausgesetzt|außer)\b,? "
    r"(?!any\b|needed\b|necessary\b|possible\b|applicable\b|so\b|not\b|you(?: have"
    r"|'ve)? (?:any )?questions?\b)"
    r"(?P<clause>[^,;.:()]*)",
    re.IGNORECASE,
)
# "Ask the desk if", "even if" and "what if" set no condition.
_ASKS = re.compile(
    r"\b(?:ask|see|know|check|determine|sure|unsure|out|tell|decide|wonder|verify|confirm|even"
    r"|as|what)(?: \w+){0,3} $",
    re.IGNORECASE,
)
_SAYS_ONE = re.compile(
    r"\b(?:if|unless|except|provided|as long as|when|where|only|once|with|without|in case"
    r"|wenn|falls|sofern|solange|sei denn|vorausgesetzt|außer|nur|sobald|ohne)\b",
    re.IGNORECASE,
)
# Of a condition's content words, the claim or the question must hold this share to speak of the same case.
_HELD = 0.5
# The claim speaks of what the condition governs when this share of its words stands outside of the condition.
_GOVERNED = 0.6


def condition_dropped(claim: Reading, asked: Collection[str], window: Window) -> bool:
    """Whether the source says this only under a condition that neither the claim nor the question names.

    Args:
        asked: stems of the question, which may hold the condition: "Can I, on probation, ...?"
    """
    mine = set(claim.stems)
    if not mine or _SAYS_ONE.search(claim.text):
        return False
    known = mine | set(asked)
    return any(
        len(mine & main) >= _GOVERNED * len(mine) and len(clause & known) < _HELD * len(clause)
        for statement in window.statements
        for main, clause in _conditions(statement.reading)
    )


def _conditions(source: Reading) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The stems outside of each condition, and those that only the condition has."""
    for match in _CONDITION.finditer(source.text):
        main = frozenset(content_stems(source.text[: match.start()] + source.text[match.end() :]))
        clause = frozenset(content_stems(match["clause"])) - main
        if clause and not _ASKS.search(source.text, max(0, match.start() - 60), match.start()):
            yield main, clause
