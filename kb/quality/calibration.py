"""Fitting the gate that decides whether to answer, on an installation's own questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.exceptions import InvalidInputError
from kb.rag.gate import Gate
from kb.rag.signals import Signals

# Fewer of either kind tell nothing about a twentieth.
LEAST_CASES = 20
_FOLDS = 10
# The signals are shares: weights of some tens are reached before this holds them back.
_RIDGE = 0.1
_CURVE_POINTS = 100
# A gate that keeps back more than this share of the answers there are is hardly what anybody wants.
_MOST_SILENT = 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A question with what retrieval found; `question` tells the variants of one question together.

    Attributes:
        model: whose opinion is among the signals; empty where none was asked.
    """

    question: str
    signals: Signals
    answerable: bool
    model: str = ""


@dataclass(frozen=True)
class Point:
    """What a threshold would do to the questions of the calibration.

    Attributes:
        answered: the share of all questions that get an answer (coverage).
        wrong: the share of those that the documents do not answer (risk).
        silent: the share of answerable questions that get none.
        caught: the share of unanswerable questions that get none.
    """

    threshold: float
    answered: float
    wrong: float
    silent: float
    caught: float


@dataclass(frozen=True)
class Calibrated:
    gate: Gate
    chosen: Point
    curve: list[Point]
    answerable: int
    unanswerable: int

    @property
    def warning(self) -> str:
        """What speaks against using this; empty where nothing does."""
        if self.chosen.silent <= _MOST_SILENT:
            return ""
        return (
            f"{self.chosen.silent:.0%} of the questions with an answer would get none, and "
            f"{self.chosen.answered:.0%} of all questions one. It was fitted on {self.answerable} questions "
            f"with an answer and {self.unanswerable} without: give more, or allow more wrong answers."
        )

    def report(self) -> dict[str, Any]:
        return {
            "warning": self.warning,
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "chosen": _rounded(self.chosen),
            "curve": [_rounded(point) for point in self.curve],
        }


def calibrate(
    cases: Sequence[Case], *, max_wrong: float | None = None, max_silent: float | None = None
) -> Calibrated:
    """Fit the probability, and choose the threshold by probabilities of folds that the fit did not see.

    Args:
        max_wrong: of the questions that are answered, at most this share may be ones that the documents do
            not answer; as many as possible are answered.
        max_silent: instead of that, the share of answerable questions that may get no answer.

    Raises:
        InvalidInputError: too few questions of a kind, no threshold keeps the bound, or the opinions are not
            all of one language model.
    """
    model = _asked_model(cases)
    answerable = np.array([case.answerable for case in cases], bool)
    _refuse_too_few(int(answerable.sum()), int((~answerable).sum()))
    signals = np.array([case.signals.values for case in cases], np.float64)
    probabilities = _out_of_fold(signals, answerable, [case.question for case in cases])
    curve = _curve(probabilities, answerable)
    chosen = _choose(curve, max_wrong, max_silent)
    weights, bias = fitted(signals, answerable)
    gate = Gate(weights, bias, chosen.threshold, model if weights[-1] > 0 else "")
    return Calibrated(gate, chosen, _thinned(curve), int(answerable.sum()), int((~answerable).sum()))


def _refuse_too_few(answerable: int, unanswerable: int) -> None:
    if min(answerable, unanswerable) < LEAST_CASES:
        raise InvalidInputError(
            f"There are {answerable} questions with an answer and {unanswerable} without; {LEAST_CASES} of "
            "each are needed. A question with doc_id, the external id of the document that answers it, "
            "counts for both: it is asked once more with that document left out."
        )


def _asked_model(cases: Sequence[Case]) -> str:
    """Whose opinion was measured; where nothing was found, nobody was asked."""
    models = sorted({case.model for case in cases if any(case.signals.values)})
    if len(models) > 1:
        named = " and ".join(name or "no model" for name in models)
        raise InvalidInputError(f"The questions were measured with {named}; measure all of them alike.")
    return models[0] if models else ""


def fitted(signals: Floats, answerable: npt.NDArray[np.bool_]) -> tuple[tuple[float, ...], float]:
    """Weights and bias of the logistic model; no signal may count against an answer.

    With few questions, chance gives signals that go together large weights of opposite signs, which do not
    hold for the next question.
    """
    # Imported here: the web process never needs it.
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(values: Floats) -> tuple[float, Floats]:
        weights, bias = values[:-1], values[-1]
        odds = signals @ weights + bias
        errors = expit(odds) - answerable
        cost = np.logaddexp(0, odds).sum() - odds[answerable].sum() + _RIDGE / 2 * (weights @ weights)
        return float(cost), np.append(signals.T @ errors + _RIDGE * weights, errors.sum())

    count = signals.shape[1]
    bounds = [(0, None)] * count + [(None, None)]
    found = minimize(loss, np.zeros(count + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return tuple(float(weight) for weight in found[:-1]), float(found[-1])


def _out_of_fold(signals: Floats, answerable: npt.NDArray[np.bool_], questions: Sequence[str]) -> Floats:
    """Probabilities from fits that saw neither the question nor its variant."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    found = np.zeros(len(signals))
    for seen, unseen in folds.split(signals, answerable, list(questions)):
        weights, bias = fitted(signals[seen], answerable[seen])
        gate = Gate(weights, bias, 0.0)
        found[unseen] = [gate.probability(Signals(*row)) for row in signals[unseen]]
    return found


def _curve(probabilities: Floats, answerable: npt.NDArray[np.bool_]) -> list[Point]:
    """A point for each threshold that makes a difference, from answering everything to only the surest."""
    return [_point(float(threshold), probabilities, answerable) for threshold in np.unique(probabilities)]


def _point(threshold: float, probabilities: Floats, answerable: npt.NDArray[np.bool_]) -> Point:
    let_through = probabilities >= threshold
    return Point(
        threshold=threshold,
        answered=float(let_through.mean()),
        wrong=float((~answerable)[let_through].mean()),
        silent=float((~let_through)[answerable].mean()),
        caught=float((~let_through)[~answerable].mean()),
    )


def _choose(curve: Sequence[Point], max_wrong: float | None, max_silent: float | None) -> Point:
    if max_silent is not None:
        return max(
            (point for point in curve if point.silent <= max_silent), key=lambda point: point.threshold
        )
    kept = [point for point in curve if max_wrong is None or point.wrong <= max_wrong]
    if not kept:
        least = min(point.wrong for point in curve)
        raise InvalidInputError(
            f"No threshold keeps wrong answers at {max_wrong:.1%}: the least that these questions allow is "
            f"{least:.1%} of the answered ones. Allow more, or give questions that are easier to tell apart."
        )
    return min(kept, key=lambda point: point.threshold)


def _thinned(curve: Sequence[Point]) -> list[Point]:
    places = np.unique(np.linspace(0, len(curve) - 1, _CURVE_POINTS).astype(int))
    return [curve[place] for place in places]


def _rounded(point: Point) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(point).items()}
