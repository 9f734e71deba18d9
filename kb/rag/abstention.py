"""When to say that the documents don't say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.rag.statements import question_stems, statements_of
from kb.rag.types import Passage
from kb.rag.words import rarity, weight

# With nearly all of the question's words in the passages, a low cosine alone is no reason to be silent:
# identifiers and rare names are what embeddings know least.
_COVERED = 0.6


@dataclass(frozen=True)
class Sufficiency:
    """Whether the passages may hold an answer.

    Attributes:
        reason: empty when enough; else nothing_found or not_relevant.
        best_cosine: of the nearest passage; 0 when the dense index found none.
        coverage: the share of the question's content words, by rarity, that the passages and their titles
            hold.
    """

    enough: bool
    reason: str
    best_cosine: float
    coverage: float


def sufficiency(question: str, passages: Sequence[Passage], min_cosine: float) -> Sufficiency:
    """Decide before generation whether to answer at all.

    Abstains only when both signals say so, nearness in meaning and shared rare words: a wrong silence hides
    a document that the reader may see, while a wrong sentence is still stopped by the support check behind
    this gate.

    Args:
        min_cosine: the nearest passage below this is not relevant by meaning.
    """
    best = max((passage.cosine for passage in passages if passage.cosine is not None), default=0.0)
    covered = question_coverage(question, passages)
    if not passages:
        return Sufficiency(False, "nothing_found", best, covered)
    if best < min_cosine and covered < _COVERED:
        return Sufficiency(False, "not_relevant", best, covered)
    return Sufficiency(True, "", best, covered)


def question_coverage(question: str, passages: Sequence[Passage]) -> float:
    """The weighted share of the question's content stems that the passages and their headings hold."""
    asked = question_stems(question)
    statements = [statement for passage in passages for statement in statements_of(passage)]
    rare = rarity([statement.words for statement in statements])
    known = {item for statement in statements for item in (*statement.words, *statement.context)}
    total = sum(weight(item, rare) for item in asked)
    return sum(weight(item, rare) for item in asked if item in known) / total if total else 0.0
