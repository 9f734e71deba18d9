"""The nearest vectors by plain multiplication, which needs no index, and what an index finds of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.search.engine.dense import DenseIndex
from kb.search.engine.row_table import CHUNK, COLLECTION

_FEW = 10
_BLOCK = 65_536


def recalls_at_10(
    folder: Path, questions: npt.NDArray[np.float32], selectivities: Mapping[str, frozenset[int]]
) -> dict[str, float]:
    """For each set of collections the mean share of the ten nearest that the saved index finds.

    Args:
        folder: what a `DenseIndex` saved.
    """
    index = DenseIndex(questions.shape[1])
    index.load(folder)
    ids = np.load(folder / "ids.npy")
    cosines = _cosines(np.load(folder / "vectors.npy", mmap_mode="r"), questions)
    return {
        name: _recall(index, ids, cosines, questions, collections)
        for name, collections in selectivities.items()
    }


def _cosines(vectors: npt.NDArray[np.float16], questions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """float32 [questions, vectors]."""
    found = np.empty((len(questions), len(vectors)), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        found[:, start : start + _BLOCK] = questions @ vectors[start : start + _BLOCK].astype(np.float32).T
    return found


def _recall(
    index: DenseIndex,
    ids: npt.NDArray[np.int64],
    cosines: npt.NDArray[np.float32],
    questions: npt.NDArray[np.float32],
    collections: frozenset[int],
) -> float:
    allowed = np.flatnonzero(np.isin(ids[:, COLLECTION], list(collections)))
    shares = []
    for question, row in zip(questions, cosines, strict=True):
        order = np.argsort(-row[allowed])[:_FEW] if len(allowed) <= _FEW else _greatest(row[allowed])
        right = set(ids[allowed[order], CHUNK].tolist())
        found = {chunk for chunk, _ in index.search(question, _FEW, collections)}
        shares.append(len(right & found) / len(right))
    return float(np.mean(shares))


def _greatest(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    greatest: npt.NDArray[np.int64] = np.argpartition(-values, _FEW)[:_FEW]
    return greatest
