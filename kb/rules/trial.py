"""Trying a rule or a verified answer on questions before it is switched on. Nothing is changed or logged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.rules.active import ActiveAnswer, ActiveRule
from kb.rules.models import Kind
from kb.rules.verified import Encoder, Match, matches


@dataclass(frozen=True)
class Past:
    """A question with what was answered then.

    Attributes:
        own: whether it is the trying person's own, or was typed in; only then its words may be shown.
        sources: texts of its passages, with their collections.
    """

    question: str
    answer: str = ""
    sources: tuple[tuple[int, str], ...] = ()
    collections: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    own: bool = True


@dataclass(frozen=True)
class Tried:
    """What a rule would have done: where, and because of what of its own words."""

    past: Past
    place: str
    cause: str


@dataclass(frozen=True)
class TriedAnswer:
    """How near a past question comes to a verified answer."""

    past: Past
    match: Match


def try_rule(rule: ActiveRule, pasts: Iterable[Past]) -> list[Tried]:
    """The questions with which the rule would have had an effect, each with the first place."""
    found = []
    for past in pasts:
        if rule.kind != Kind.LABEL and not rule.binds(past.groups):
            continue
        if rule.collections and not rule.collections & (past.collections or rule.collections):
            continue
        for place, text in _places(rule, past):
            cause = _cause(rule, text)
            if cause is not None:
                found.append(Tried(past, place, cause))
                break
    return found


def try_answer(answer: ActiveAnswer, pasts: Sequence[Past], encoder: Encoder | None) -> list[TriedAnswer]:
    """Every question with its nearness, the nearest first."""
    tried = [TriedAnswer(past, matches(past.question, [answer], encoder)[0]) for past in pasts]
    return sorted(tried, key=lambda item: (not item.match.holds, -item.match.nearness))


def _places(rule: ActiveRule, past: Past) -> list[tuple[str, str]]:
    sources = [
        ("sources", text)
        for collection, text in past.sources
        if not rule.collections or collection in rule.collections
    ]
    looks_at_sources = rule.in_sources or (rule.kind == Kind.BLOCK and rule.in_answer)
    return [
        *([("question", past.question)] if rule.in_question else []),
        *(sources if looks_at_sources else []),
        *([("answer", past.answer)] if rule.in_answer and past.answer else []),
    ]


def _cause(rule: ActiveRule, text: str) -> str | None:
    if rule.kind != Kind.REDACTION:
        return rule.condition.cause(text)
    kinds = {piece.kind for piece in rule.redaction.pieces(text) if piece.kind}
    return ", ".join(sorted(kinds)) or None
