"""How many sketches must be looked at for the right hits: measured, never assumed."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kb.search.engine.protocols import Vector
from kb.search.engine.sketch_plan import SketchPlan
from kb.search.engine.sketches import KINDS, Sketches, means

logger = logging.getLogger(__name__)

Rows = npt.NDArray[np.int64]

RECALL = 0.98
DEPTHS = (1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000, 24_000)
# Comparing one in twelve rows exactly after their sketches takes as long as comparing all at once.
_ROWS_PER_DEPTH = 20
# Questions of people need up to twice the depth that the stand-ins for them need.
_MARGIN = 2
_QUESTIONS = 200
_FEW, _MANY = 10, 100
# Moves a vector as far from its text's as the vector of a question is: a cosine of about 0.65.
_AWAY = 0.8


def learn(
    vectors: npt.NDArray[np.float16], nearest: Callable[[Vector, int], Rows]
) -> tuple[SketchPlan, Sketches | None]:
    """Sketches of these vectors and the smallest depth at which they are good enough.

    Good enough is, already at half of the depth, a recall of 0.98 both of the ten nearest, which people see,
    and of the hundred nearest, which are fused with the lexical ranking. The fastest kind that is good enough
    is taken.

    Args:
        nearest: the exact search: the rows nearest to a vector, best first.

    Returns:
        No sketches when no depth that would save time was good enough.
    """
    centre = means(vectors)
    asked = [(question, nearest(question, _MANY)) for question in _questions(vectors)]
    depths = [depth for depth in DEPTHS if _ROWS_PER_DEPTH * depth <= len(vectors)] or DEPTHS[:1]
    for kind, make in KINDS.items():
        sketches = make(centre)
        sketches.add(vectors)
        deepest = min(depths[-1], len(vectors))
        places = np.stack([_places(right, sketches.nearest(question, deepest)) for question, right in asked])
        for depth in depths:
            at_half = _recalls(places, depth // _MARGIN)
            if min(at_half) >= RECALL:
                plan = SketchPlan(kind, centre, depth, *_recalls(places, depth), len(vectors))
                logger.info(
                    "Two-stage search (%s) of %d chunks compares %d: recall@10 %.4f, recall@100 %.4f",
                    kind, plan.rows, depth, plan.recall_at_10, plan.recall_at_100,
                )  # fmt: skip
                return plan, sketches
    plan = SketchPlan(kind, centre, 0, *at_half, len(vectors))
    logger.warning("%d chunks are searched %s; %.0f %% are asked for", len(vectors), plan, 100 * RECALL)
    return plan, None


def _recalls(places: Rows, depth: int) -> tuple[float, float]:
    """Of the ten and of the hundred nearest, the share that has a place before this depth."""
    return float(np.mean(places[:, :_FEW] < depth)), float(np.mean(places < depth))


def _questions(vectors: npt.NDArray[np.float16]) -> Vector:
    """float32 [n, dimension], normalised: stand-ins for questions, made of three vectors each.

    A stored vector itself is too easy a question: it lies amid its neighbours. One that is moved along the
    difference of two others is as far away as a question, in a direction in which texts differ.
    """
    chosen = np.random.default_rng(0).integers(0, len(vectors), (3, _QUESTIONS))
    text, one, other = vectors[chosen].astype(np.float32)
    moved = text + _AWAY * (one - other)
    questions: Vector = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return questions


def _places(right: Rows, found: Rows) -> Rows:
    """The place of each right row among those found; beyond every depth when it is not there."""
    places = np.full(len(right), np.iinfo(np.int64).max)
    _, at, place = np.intersect1d(right, found, assume_unique=True, return_indices=True)
    places[at] = place
    return places
