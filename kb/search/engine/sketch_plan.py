"""How two-stage search is done in an index: measured on its own vectors, and saved beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb.search.engine.errors import DamagedIndexError
from kb.search.engine.protocols import Vector
from kb.search.engine.sketches import KINDS

_FILE = "two_stage.json"


@dataclass(frozen=True)
class SketchPlan:
    """What was measured.

    Attributes:
        kind: of sketches, one of `kb.search.engine.sketches.KINDS`; the finest where all were refused.
        means: float32 [dimension], what sketches are made with.
        depth: how many of the nearest sketches are compared exactly; 0: two-stage search was refused.
        recall_at_10: share of the ten nearest vectors that it found, at this depth; when it was refused, at
            half of the greatest depth that would have saved time.
        recall_at_100: the same of the hundred nearest.
        rows: how many there were.
    """

    kind: str
    means: Vector
    depth: int
    recall_at_10: float
    recall_at_100: float
    rows: int

    def __str__(self) -> str:
        if self.depth:
            return "two-stage"
        return (
            f"exact, because two-stage search found {self.recall_at_10:.1%} of the ten nearest "
            f"and {self.recall_at_100:.1%} of the hundred nearest"
        )


def write_plan(folder: Path, plan: SketchPlan) -> None:
    """Raises OSError when the disk is full or fails."""
    (folder / _FILE).write_text(json.dumps({**vars(plan), "means": plan.means.tolist()}))


def read_plan(folder: Path, dimension: int) -> SketchPlan | None:
    """None where none was saved. Raises DamagedIndexError."""
    try:
        stored = json.loads((folder / _FILE).read_text())
        plan = SketchPlan(**{**stored, "means": np.array(stored["means"], np.float32)})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedIndexError(f"{_FILE} cannot be read: {error}") from error
    if plan.kind not in KINDS:
        raise DamagedIndexError(f"{_FILE} names unknown sketches.")
    if plan.means.shape != (dimension,):
        raise DamagedIndexError(f"{_FILE} does not hold {dimension} means.")
    return plan
