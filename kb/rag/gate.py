"""Whether to answer at all: a calibrated probability that the passages hold the answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kb.rag.signals import Signals

_SIGNALS = len(Signals.__dataclass_fields__)
_DEFAULT = Path(__file__).with_name("gate.json")


@dataclass(frozen=True)
class Gate:
    """A logistic model over `Signals`, and where to be silent.

    Attributes:
        weights: one for each signal, in their order; log-odds for one unit of it.
        bias: log-odds when all signals are 0.
        threshold: below this probability nothing is answered.
        model: the language model whose opinion is one of the signals; empty where none is asked.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float
    model: str = ""

    def probability(self, signals: Signals) -> float:
        """That the passages hold the answer, in the mix of questions that the model was fitted on."""
        pairs = zip(self.weights, signals.values, strict=True)
        log_odds = self.bias + math.fsum(weight * value for weight, value in pairs)
        # Beyond this, floats cannot tell the probability from 0 or 1 anyway.
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, log_odds))))

    def lets_through(self, signals: Signals) -> bool:
        """Whether that is enough to answer from."""
        return self.probability(signals) >= self.threshold

    def as_json(self) -> dict[str, Any]:
        fields = {"weights": list(self.weights), "bias": self.bias, "threshold": self.threshold}
        return {**fields, "model": self.model} if self.model else fields


def gate_from(fields: Mapping[str, Any]) -> Gate:
    """Raises ValueError for what is no gate: one that cannot be evaluated must not let through."""
    given, model = list(fields.get("weights", ())), fields.get("model", "")
    # Those made before there was an opinion have none.
    weights = given if len(given) == _SIGNALS else [*given, 0.0]
    numbers: Sequence[Any] = [*weights, fields.get("bias"), fields.get("threshold")]
    if len(weights) != _SIGNALS:
        raise ValueError("A gate has a weight for each signal, a bias and a threshold.")
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError("A gate is made of finite numbers.")
    if not isinstance(model, str) or bool(model) != (weights[-1] > 0):
        raise ValueError("A gate names the model whose opinion it weighs, and no other.")
    *found, bias, threshold = (float(number) for number in numbers)
    return Gate(tuple(found), bias, threshold, model)


@cache
def default_gate() -> Gate:
    """The fit that ships; docs/evaluation.md says on what it was made and how."""
    return gate_from(json.loads(_DEFAULT.read_text()))
