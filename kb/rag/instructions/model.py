"""A logistic model over the features of a window; its weights are fitted by `manage.py fit_injection`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb.rag.instructions.features import BUCKETS, WindowFeatures
from kb.rag.instructions.signs import FAMILIES

WEIGHTS = Path(__file__).with_name("weights.json")
# Weights of words are stored as whole hundredths.
HUNDREDTHS = 100


@dataclass(frozen=True)
class Weights:
    """Log-odds.

    Attributes:
        threshold: a window above it is an instruction.
        families: one for each of `FAMILIES`, none below zero: no wording may make an attack look harmless.
        buckets: one for each of the `BUCKETS`.
    """

    bias: float
    threshold: float
    families: tuple[float, ...]
    buckets: tuple[float, ...]

    def logit(self, window: WindowFeatures) -> float:
        """How much more likely an instruction than not, in log-odds of the fit's own shares."""
        signs = sum(self.families[family] for family in window.families)
        return self.bias + signs + window.scale * sum(self.buckets[bucket] for bucket in window.buckets)


@cache
def shipped_weights() -> Weights:
    """The fit that ships.

    Raises:
        ValueError: the file is of another set of families or buckets; fit again.
    """
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    families = stored["families"]
    if set(families) != set(FAMILIES) or len(stored["buckets"]) != BUCKETS:
        raise ValueError(f"{WEIGHTS.name} does not fit this program: run manage.py fit_injection.")
    return Weights(
        stored["bias"],
        stored["threshold"],
        tuple(families[name] for name in FAMILIES),
        tuple(value / HUNDREDTHS for value in stored["buckets"]),
    )


def dump_weights(weights: Weights) -> str:
    """The content of the weights' file."""
    fields = {
        "bias": round(weights.bias, 3),
        "threshold": round(weights.threshold, 3),
        "families": {name: round(weight, 3) for name, weight in zip(FAMILIES, weights.families, strict=True)},
        "buckets": [round(value * HUNDREDTHS) for value in weights.buckets],
    }
    head = json.dumps({**fields, "buckets": None}, indent=1).removesuffix("null\n}")
    return f"{head}{json.dumps(fields['buckets'], separators=(',', ':'))}\n}}\n"
