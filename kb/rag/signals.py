"""What retrieval tells of whether the passages hold an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from kb.rag.nearness import Nearness
from kb.rag.statements import Statement, question_stems, statements_of
from kb.rag.types import Passage
from kb.rag.words import rarity, weight


@dataclass(frozen=True)
class Signals:
    """From 0 to 1, higher when an answer is more likely.

    Attributes:
        passage_cosine: of the nearest passage with the question; 0 when the dense index found none.
        statement_cosine: of the nearest sentence, list item or table row.
        coverage: the share of the question's content words, by rarity, that the passages and their headings
            hold together.
        statement_coverage: the largest such share that one statement holds with its headings.
        opinion: the language model's own, that the passages state the answer; 0 where it was not asked.
    """

    passage_cosine: float
    statement_cosine: float
    coverage: float
    statement_coverage: float
    opinion: float = 0.0

    @property
    def values(self) -> tuple[float, ...]:
        return astuple(self)


def signals_of(question: str, passages: Sequence[Passage], nearness: Nearness) -> Signals:
    """Measure passages, at least one, against the question that they were found for."""
    found = [statement for passage in passages for statement in statements_of(passage)]
    coverage, best = _coverages(question, found)
    return Signals(
        passage_cosine=max(
            (passage.cosine for passage in passages if passage.cosine is not None), default=0.0
        ),
        statement_cosine=max(nearness.values(), default=0.0),
        coverage=coverage,
        statement_coverage=best,
    )


def _coverages(question: str, statements: Sequence[Statement]) -> tuple[float, float]:
    """Weighted shares of the question's stems: of all statements together, and the best of a single one."""
    asked = question_stems(question)
    rare = rarity([statement.words for statement in statements])
    total = sum(weight(item, rare) for item in asked)
    if not total:
        return 0.0, 0.0
    held = [{item for item in asked if item in one.words or item in one.context} for one in statements]
    shares = [sum(weight(item, rare) for item in asked if item in items) / total for items in held]
    together = set().union(*held)
    return sum(weight(item, rare) for item in asked if item in together) / total, max(shares, default=0.0)
