"""How near a question must be to a verified answer's variants to count as one of them.

The procedure, for each verified answer and each kind of nearness (with vectors, and by words alone):

1. Every variant is measured against the others (leave one out): how near a true rewording is.
2. Every known near miss is measured against the variants: generated ones, variants of other verified answers,
   and past questions that a manager marked as "not this". Those that the exact comparison refuses anyway, or
   that are a variant word for word, play no part.
3. The threshold lies between the lowest of the first and the highest of the second. Where the two overlap it
   lies just above the highest near miss: a question that misses a verified answer is answered with proof from
   the documents, one that hits a wrong one is answered wrongly. It never lies below the floor, which also is
   the rule where there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.rules.matching import difference, overlap, same_words

# Vectors say what a question is about, words what exactly. See decision 0023 for what each share finds.
COSINE_SHARE = 0.5
MARGIN = 0.02
FLOORS = {"semantic": 0.62, "lexical": 0.7}
HIGHEST = 0.995

Nearness = Callable[[str, str], float]


@dataclass(frozen=True)
class Fit:
    """A threshold and what it was made from, for people to look at.

    Attributes:
        variants: of each variant that has others, its nearness to the nearest of them.
        near_misses: the nearest near misses, highest first.
        separated: every variant would be found by the others, and no near miss would.
    """

    threshold: float
    variants: tuple[tuple[str, float], ...]
    near_misses: tuple[tuple[str, float], ...]
    separated: bool


def semantic(cosine: float, one: str, other: str) -> float:
    """Nearness with vectors, from 0 to 1."""
    return COSINE_SHARE * max(cosine, 0.0) + (1 - COSINE_SHARE) * overlap(one, other)


def fit_threshold(kind: str, variants: Sequence[str], others: Sequence[str], nearness: Nearness) -> Fit:
    """Fit by the procedure above.

    Args:
        kind: ``semantic`` or ``lexical``.
        others: near misses.
        nearness: of two questions, 0 to 1.
    """
    kept = [
        (variant, max(nearness(variant, other) for other in variants if other != variant))
        for variant in variants
        if any(other != variant and not difference(variant, other) for other in variants)
    ]
    missed = sorted(
        ((question, max(found)) for question in others if (found := _near(question, variants, nearness))),
        key=lambda item: -item[1],
    )
    highest = missed[0][1] if missed else 0.0
    lowest = min((value for _, value in kept), default=None)
    if lowest is None:
        threshold = highest + MARGIN
    elif lowest > highest:
        threshold = (lowest + highest) / 2
    else:
        threshold = highest + MARGIN
    threshold = min(max(threshold, FLOORS[kind]), HIGHEST)
    separated = lowest is not None and lowest >= threshold > highest
    return Fit(round(threshold, 4), tuple(kept), tuple(missed[:5]), separated)


def _near(question: str, variants: Sequence[str], nearness: Nearness) -> list[float]:
    if any(same_words(question, variant) for variant in variants):
        return []
    return [nearness(question, variant) for variant in variants if not difference(question, variant)]
