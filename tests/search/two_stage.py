"""Vectors and indexes for tests of vector search in two stages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kb.search.engine.dense import DenseIndex
from kb.search.engine.protocols import Vector, VectorRows

DIMENSION = 256
ROWS = 6000
FAN = 20_000
EXACT_ROWS = 300
# A tenth of the documents is in each of ten collections, one document alone in another.
ALONE = 77
SETS = {
    "100 %": None,
    "50 %": frozenset(range(5)),
    "10 %": frozenset({7}),
    "one document": frozenset({ALONE}),
}
Halves = npt.NDArray[np.float16]


def texts(count: int, seed: int, noise: float = 0.05) -> Halves:
    """Normalised; each a mixture of a few of thirty topics, as real texts are, and some noise."""
    topics = np.random.default_rng(0).standard_normal((30, DIMENSION))
    rng = np.random.default_rng(seed)
    weights = rng.gamma(0.2, size=(count, 30))
    vectors = weights @ topics / weights.sum(axis=1, keepdims=True) + noise * rng.standard_normal(
        (count, DIMENSION)
    )
    halves: Halves = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f2")
    return halves


def fan(count: int) -> Halves:
    """Normalised, in two dimensions of many: sketches can tell four quarters apart, and no more."""
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, count)
    vectors = np.zeros((count, DIMENSION), "<f2")
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    return vectors


def rows(vectors: Halves, first: int = 0) -> VectorRows:
    """Documents of four chunks, their collections mixed."""
    chunks = np.arange(first, first + len(vectors))
    documents = chunks // 4
    collections = np.where(documents == 5, ALONE, documents * 7 % 10)
    return VectorRows(np.stack([chunks, documents, collections], axis=1).astype(np.int64), vectors)


def questions(count: int = 25) -> Vector:
    vectors: Vector = texts(count, seed=99).astype(np.float32)
    return vectors


def index_of(*parts: VectorRows, exact_rows: int = EXACT_ROWS) -> DenseIndex:
    index = DenseIndex(DIMENSION, exact_rows)
    for part in parts:
        index.add(part)
    return index.compacted() if index.needs_compaction else index


def exact_index_of(*parts: VectorRows) -> DenseIndex:
    return index_of(*parts, exact_rows=10**9)


def chunks(index: DenseIndex, vector: Vector, limit: int, collections: frozenset[int] | None) -> list[int]:
    return [chunk for chunk, _ in index.search(vector, limit, collections)]


def recall(
    index: DenseIndex, exact: DenseIndex, collections: frozenset[int] | None, limit: int = 10
) -> float:
    shares = []
    for vector in questions():
        right = chunks(exact, vector, limit, collections)
        shares.append(len({*right} & {*chunks(index, vector, limit, collections)}) / len(right))
    return float(np.mean(shares))
