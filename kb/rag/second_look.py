"""Judging a sentence that the rules left open: a logistic model over a few features, or entailment alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

# Up to so many words a sentence is as brief as can be; a longer one has more in it that may be wrong.
_BRIEF_WORDS = 8
# What a model of entailment must say where nothing was fitted. Chosen by hand: fit it on sentences of yours.
SURE = 0.9


@dataclass(frozen=True)
class Features:
    """Of a sentence and the words that may prove it; from 0 to 1, higher when a proof is more likely.

    Attributes:
        coverage: the weighted share of the sentence's content that the words and their headings hold.
        entailment: the probability of KB_SUPPORT_MODEL that the words say the sentence; 0 without a model.
        cosine: of the sentence with the words, by the embedding model.
        brevity: 1 up to eight words, then eight by their number.
    """

    coverage: float
    entailment: float
    cosine: float
    brevity: float

    @property
    def values(self) -> tuple[float, ...]:
        return astuple(self)


def brevity(sentence: str) -> float:
    return min(1.0, _BRIEF_WORDS / max(1, len(sentence.split())))


@dataclass(frozen=True)
class SupportFit:
    """A logistic model over `Features`, and from where on a sentence counts as proved.

    Attributes:
        weights: one for each feature, in their order; log-odds for one unit of it.
        bias: log-odds when all features are 0.
        threshold: the least probability that proves.
        model: the model of entailment that it was fitted with, by name and weight hash; empty without one.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float
    model: str = ""

    def probability(self, features: Features) -> float:
        """That the words prove the sentence, in the mix of sentences that the model was fitted on."""
        pairs = zip(self.weights, features.values, strict=True)
        log_odds = self.bias + math.fsum(weight * value for weight, value in pairs)
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, log_odds))))

    def proves(self, features: Features) -> bool:
        return self.probability(features) >= self.threshold

    def as_json(self) -> dict[str, Any]:
        return {
            "weights": list(self.weights),
            "bias": self.bias,
            "threshold": self.threshold,
            "model": self.model,
        }


def support_fit_from(fields: Mapping[str, Any]) -> SupportFit:
    """Raises ValueError for what is no fit: one that cannot be evaluated must prove nothing."""
    weights, model = fields.get("weights"), fields.get("model")
    if not isinstance(weights, list) or len(weights) != len(Features.__dataclass_fields__):
        raise ValueError("A fit has a weight for each feature.")
    numbers: Sequence[Any] = [*weights, fields.get("bias"), fields.get("threshold")]
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
        raise ValueError("A fit is made of finite numbers.")
    if not isinstance(model, str):
        raise ValueError("A fit names the model that it was made with, or an empty text.")
    *factors, bias, threshold = (float(number) for number in numbers)
    return SupportFit(tuple(factors), bias, threshold, model)
