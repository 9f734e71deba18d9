"""Giving a verified answer its vectors and thresholds, after a change of it or of the embedding model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from kb.exceptions import KBError
from kb.rules.active import Vector, bump
from kb.rules.matching import core, overlap
from kb.rules.models import Variant, VerifiedAnswer
from kb.rules.near_misses import near_misses
from kb.rules.threshold import fit_threshold, semantic
from kb.rules.verified import Encoder

logger = logging.getLogger(__name__)

_AT_ONCE = 64
_MOST_OTHERS = 100


def fit_answer(answer: VerifiedAnswer, encoder: Encoder | None) -> None:
    """Make vectors and thresholds anew.

    Without the search server only the threshold for words is fitted; `refit_stale` makes up for the rest.
    """
    variants = [row.question for row in answer.variants.all()]
    others = _others(answer, variants)
    lexical = fit_threshold("lexical", variants, others, overlap)
    answer.lexical_threshold = lexical.threshold
    answer.semantic_threshold = None
    answer.fit = {"lexical": asdict(lexical)}
    encoded = _encoded([*variants, *others], encoder)
    if encoded is not None:
        model, vectors = encoded
        fitted = fit_threshold(
            "semantic", variants, others, lambda one, other: _nearness(vectors, one, other)
        )
        answer.semantic_threshold = fitted.threshold
        answer.fit["semantic"] = asdict(fitted)
        for row in answer.variants.all():
            Variant.objects.filter(pk=row.pk).update(vector=vectors[row.question].tobytes(), model=model)
    else:
        answer.variants.update(vector=b"", model="")
    answer.save(update_fields=["lexical_threshold", "semantic_threshold", "fit"])
    bump()


def refit_stale(model: str, encoder: Encoder) -> int:
    """Fit every answer whose vectors are missing or of another model than this; how many."""
    stale = VerifiedAnswer.objects.filter(variants__in=Variant.objects.exclude(model=model)).distinct()
    found = list(stale)
    for answer in found:
        fit_answer(answer, encoder)
    return len(found)


def _others(answer: VerifiedAnswer, variants: Sequence[str]) -> list[str]:
    """Near misses: marked ones, variants of others of the collection, generated ones."""
    marked = answer.near_misses.filter(accepted=True).values_list("question", flat=True)
    neighbours = Variant.objects.filter(answer__collection=answer.collection_id).exclude(answer=answer)
    theirs = neighbours.order_by("-pk").values_list("question", flat=True)[:_MOST_OTHERS]
    return list(dict.fromkeys([*marked, *theirs, *near_misses(variants)]))


def _encoded(questions: Sequence[str], encoder: Encoder | None) -> tuple[str, dict[str, Vector]] | None:
    if encoder is None:
        return None
    vectors: dict[str, Vector] = {}
    models = set()
    try:
        for start in range(0, len(questions), _AT_ONCE):
            part = list(questions[start : start + _AT_ONCE])
            reply = encoder.encode([core(question) for question in part])
            models.add(reply.model)
            vectors |= {
                question: np.asarray(vector, np.float32)
                for question, vector in zip(part, reply.vectors, strict=True)
            }
    except KBError as error:
        logger.warning("A verified answer is fitted by its words alone: %s", error.message)
        return None
    return (models.pop(), vectors) if len(models) == 1 else None


def _nearness(vectors: Mapping[str, Vector], one: str, other: str) -> float:
    cosine: Any = vectors[one] @ vectors[other]
    return semantic(float(cosine), one, other)
