"""Fitting the detector of instructions, and what the fit is worth on attacks it has not seen.

The procedure, without a constant that a data set likes:

1. Examples are the windows of clean texts and the attacks, each attack one window.
2. A logistic model with a Gaussian prior: each family of signs begins at what it was written to say
   (`injection_prior`), words begin at nothing. Both classes weigh the same in sum.
3. The threshold is the logit that a given share of the clean stretches exceeds, when each document is judged
   by a fit without it (five folds).
4. Attacks that stay below the threshold cannot be told from clean text at that rate ("What is the capital of
   Brazil?"). They are given up and the fit is repeated without them, so that they do not lend weight to
   what clean texts say too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.sparse

from kb.quality.injection_data import Attack
from kb.quality.injection_prior import BOUNDS, PRIOR
from kb.rag.instructions.features import BUCKETS, WindowFeatures, features_of
from kb.rag.instructions.model import Weights
from kb.rag.instructions.reading import clear
from kb.rag.instructions.signs import FAMILIES

_FAMILY_PENALTY, _WORD_PENALTY = 0.3, 3.0
_FOLDS = 5
_STRETCH_CHARS = 800  # about a chunk: what is flagged as one
_ROUNDS = 2
# Clean examples that were written to be hard stand for handbooks that are not here.
_HARD_SAY = 10.0
Floats = npt.NDArray[np.float64]
_PRIOR = np.array([*PRIOR, *[0.0] * (BUCKETS + 1)])
_PENALTY = np.array([_FAMILY_PENALTY] * len(FAMILIES) + [_WORD_PENALTY] * BUCKETS + [0.0])
_BOUNDS = [*BOUNDS, *[(None, None)] * (BUCKETS + 1)]


@dataclass(frozen=True)
class CleanWindows:
    """The windows of clean texts.

    Attributes:
        rows: their features, one row a window.
        text_of, stretch_of: the number of the text and of the stretch that each belongs to.
        ordinary: how many texts, the first ones, are as they come. The others were written to be hard; they
            are fitted on, and say nothing about how often a clean text is flagged.
    """

    rows: Any
    text_of: npt.NDArray[np.int64]
    stretch_of: npt.NDArray[np.int64]
    ordinary: int

    @property
    def hard(self) -> npt.NDArray[np.bool_]:
        """Of each row, whether its text was written to be hard."""
        return self.text_of >= self.ordinary

    @classmethod
    def of(cls, texts: Sequence[str], hard: Sequence[str] = ()) -> CleanWindows:
        found: list[WindowFeatures] = []
        text_of: list[int] = []
        stretches: dict[tuple[int, int], int] = {}
        stretch_of: list[int] = []
        for number, text in enumerate([*texts, *hard]):
            for window in features_of(clear(text).text):
                found.append(window)
                text_of.append(number)
                place = (number, window.start // _STRETCH_CHARS)
                stretch_of.append(stretches.setdefault(place, len(stretches)))
        return cls(matrix(found), np.array(text_of), np.array(stretch_of), len(texts))

    def best(self, logits: Floats) -> Floats:
        """The largest logit of each stretch."""
        best = np.full(int(self.stretch_of.max()) + 1, -np.inf)
        np.maximum.at(best, self.stretch_of, logits)
        return best


def matrix(windows: Sequence[WindowFeatures]) -> Any:
    """Sparse rows of [families, words]."""
    rows, columns, values = [], [], []
    for row, window in enumerate(windows):
        for family in window.families:
            rows.append(row)
            columns.append(family)
            values.append(1.0)
        for bucket in window.buckets:
            rows.append(row)
            columns.append(len(FAMILIES) + bucket)
            values.append(window.scale)
    shape = (len(windows), len(FAMILIES) + BUCKETS)
    return scipy.sparse.csr_matrix((values, (rows, columns)), shape=shape)


def attack_window(attack: Attack) -> WindowFeatures:
    """The whole attack as one window."""
    found = list(features_of(clear(attack.text).text.replace("\n", " ")))
    every = [window for window in found if window.start == 0]
    return max(every, key=lambda window: window.end)


def solve(clean: Any, attacks: Any, hard: npt.NDArray[np.bool_]) -> Floats:
    """Weights of families and words, then the bias; `hard` marks clean rows that count more."""
    rows = scipy.sparse.vstack([clean, attacks]).tocsr()
    columns = rows.T.tocsr()
    labels = np.concatenate([-np.ones(clean.shape[0]), np.ones(attacks.shape[0])])
    clean_say = np.where(hard, _HARD_SAY, 1.0)
    say = np.concatenate([clean_say * (attacks.shape[0] / clean_say.sum()), np.ones(attacks.shape[0])])

    def loss(point: Floats) -> tuple[float, Floats]:
        margin = labels * (rows @ point[:-1] + point[-1])
        slope = -say * labels / (1 + np.exp(np.clip(margin, -50, 50)))
        off = point - _PRIOR
        value = (say * np.logaddexp(0, -margin)).sum() + 0.5 * (_PENALTY * off * off).sum()
        return float(value), np.append(columns @ slope, slope.sum()) + _PENALTY * off

    found = scipy.optimize.minimize(
        loss, _PRIOR, jac=True, method="L-BFGS-B", bounds=_BOUNDS, options={"maxiter": 300}
    )
    point: Floats = found.x
    return point


def logits(point: Floats, rows: Any) -> Floats:
    result: Floats = rows @ point[:-1] + point[-1]
    return result


def threshold_at(clean: CleanWindows, attacks: Any, rate: float) -> float:
    """The logit that this share of clean stretches exceeds, each judged by a fit without its text."""
    numbers = list(range(int(clean.text_of.max()) + 1))
    random.Random(0).shuffle(numbers)  # noqa: S311 - folds, not a secret
    fold_of = np.empty(len(numbers), np.int64)
    fold_of[numbers] = np.arange(len(numbers)) % _FOLDS
    folds = fold_of[clean.text_of]
    judged = np.empty(len(folds))
    for fold in range(_FOLDS):
        point = solve(clean.rows[folds != fold], attacks, clean.hard[folds != fold])
        judged[folds == fold] = logits(point, clean.rows[folds == fold])
    best = clean.best(judged)
    return float(np.quantile(best[np.unique(clean.stretch_of[clean.text_of < clean.ordinary])], 1 - rate))


def fit(clean: CleanWindows, attacks: Sequence[Attack], rate: float) -> Weights:
    """Weights and threshold, by the procedure above."""
    rows = matrix([attack_window(attack) for attack in attacks])
    kept = np.ones(rows.shape[0], bool)
    for _ in range(_ROUNDS):
        point = solve(clean.rows, rows[kept], clean.hard)
        threshold = threshold_at(clean, rows[kept], rate)
        kept &= logits(point, rows) > threshold
    families, words = point[: len(FAMILIES)], point[len(FAMILIES) : -1]
    return Weights(float(point[-1]), threshold, tuple(families.tolist()), tuple(words.tolist()))


def left_out(
    clean: CleanWindows,
    attacks: Sequence[Attack],
    groups: Collection[str],
    rate: float,
    progress: Callable[[str], None],
) -> dict[str, float]:
    """For each of the groups, the share of its attacks that a fit catches which has seen none of them."""
    shares = {}
    for group in sorted(groups):
        weights = fit(clean, [attack for attack in attacks if attack.group != group], rate)
        shares[group] = round(caught(weights, [attack for attack in attacks if attack.group == group]), 3)
        progress(f"{group}: {shares[group]}")
    return shares


def caught(weights: Weights, attacks: Sequence[Attack]) -> float:
    """The share of attacks above the threshold, each as a text of its own."""
    found = [
        any(weights.logit(window) > weights.threshold for window in features_of(clear(attack.text).text))
        for attack in attacks
    ]
    return sum(found) / len(found)
