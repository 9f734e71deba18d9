"""Fitting the second look at open sentences, on sentences of which it is known whether they are supported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.exceptions import InvalidInputError
from kb.quality.calibration import Floats, fitted
from kb.quality.intervals import wilson
from kb.quality.support_cases import OpenCase
from kb.rag.second_look import Features, SupportFit

# Fewer of either kind tell nothing about a twentieth.
LEAST_CASES = 20
_FOLDS = 10
_BINS = 10

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """A fit, and what is expected of it by folds that it did not see."""

    fit: SupportFit
    report: dict[str, Any]


def fit_support(cases: Sequence[OpenCase], *, max_wrong: float, model: str = "") -> Fitted:
    """Fit the probability, and choose the threshold.

    Args:
        max_wrong: of the sentences that are accepted, at most this share may be unsupported.
        model: the model of entailment that the features were measured with.

    Raises:
        InvalidInputError: too few sentences of a kind, or no threshold keeps the bound.
    """
    supported = np.array([case.supported for case in cases], bool)
    _refuse_too_few(int(supported.sum()), int((~supported).sum()))
    features = np.array([case.features.values for case in cases], np.float64)
    probabilities, folds = _out_of_fold(features, supported, [case.group for case in cases])
    threshold = _threshold(probabilities, supported, max_wrong)
    weights, bias = fitted(features, supported)
    accepted = probabilities >= threshold
    report = {
        "supported": int(supported.sum()),
        "unsupported": int((~supported).sum()),
        "weights": {
            name: round(weight, 4)
            for name, weight in zip(Features.__dataclass_fields__, weights, strict=True)
        },
        "threshold": round(threshold, 4),
        "max_wrong": max_wrong,
        "accepted": int(accepted.sum()),
        "wrong": wilson((~supported)[accepted].tolist()),
        "recall": wilson(accepted[supported].tolist()),
        "folds": [_fold(accepted[folds == at], supported[folds == at]) for at in range(_FOLDS)],
        "bins": list(_bins(probabilities, supported)),
    }
    return Fitted(SupportFit(weights, bias, threshold, model), report)


def _refuse_too_few(supported: int, unsupported: int) -> None:
    if min(supported, unsupported) < LEAST_CASES:
        raise InvalidInputError(
            f"The rules leave {supported} supported and {unsupported} unsupported sentences open; "
            f"{LEAST_CASES} of each are needed. Planted ones are seldom left open: give sentences that "
            "people or models wrote, labelled by hand."
        )


def _out_of_fold(
    features: Floats, supported: Bools, groups: Sequence[str]
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Probabilities from fits that saw nothing of the sentence's group, and the fold of each sentence."""
    # Imported here: the web process never needs it.
    from sklearn.model_selection import StratifiedGroupKFold

    split = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    found, folds = np.zeros(len(features)), np.zeros(len(features), np.intp)
    for at, (seen, unseen) in enumerate(split.split(features, supported, list(groups))):
        fit = SupportFit(*fitted(features[seen], supported[seen]), threshold=0.0)
        found[unseen] = [fit.probability(Features(*row)) for row in features[unseen]]
        folds[unseen] = at
    return found, folds


def _threshold(probabilities: Floats, supported: Bools, max_wrong: float) -> float:
    """The lowest that keeps the bound."""
    order = np.argsort(-probabilities, kind="stable")
    wrong = np.cumsum(~supported[order]) / np.arange(1, len(order) + 1)
    ends = np.append(np.diff(probabilities[order]) != 0, True)  # equal ones are accepted together
    kept = np.flatnonzero((wrong <= max_wrong) & ends)
    if not len(kept):
        raise InvalidInputError(
            f"No threshold keeps wrong proofs at {max_wrong:.1%}: the least that these sentences allow is "
            f"{wrong[ends].min():.1%} of the accepted ones. Allow more, or name a better KB_SUPPORT_MODEL."
        )
    return float(probabilities[order][kept[-1]])


def _fold(accepted: Bools, supported: Bools) -> dict[str, Any]:
    """Precision and recall; None where there is nothing to share."""
    right = int((accepted & supported).sum())
    return {
        "n": len(accepted),
        "precision": round(right / int(accepted.sum()), 4) if accepted.any() else None,
        "recall": round(right / int(supported.sum()), 4) if supported.any() else None,
    }


def _bins(probabilities: Floats, supported: Bools) -> list[dict[str, Any]]:
    """Tenths of probability: how many sentences, what was expected, what is."""
    places = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    found = []
    for at in range(_BINS):
        inside = places == at
        if inside.any():
            found.append(
                {
                    "from": at / _BINS,
                    "n": int(inside.sum()),
                    "expected": round(float(probabilities[inside].mean()), 4),
                    "observed": round(float(supported[inside].mean()), 4),
                }
            )
    return found
