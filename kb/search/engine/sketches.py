"""Sketches: one bit for each dimension of a vector, whether it lies above the mean of all vectors there.

A sketch is a sixteenth of the vector in float16, and orders vectors nearly as their cosine does. Reading all
sketches to choose the rows that are worth an exact comparison takes a fraction of the time of comparing all
(docs/decisions/0016-approximate-search.md). The two kinds differ in how the question is compared with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import faiss
import numpy as np
import numpy.typing as npt

from kb.search.engine.protocols import Vector

_BLOCK = 65_536  # rows turned into float32 at a time
_QUESTION_BITS = 4


class Sketches(Protocol):
    """The sketches of rows, in the order in which these were added."""

    def __len__(self) -> int: ...

    def add(self, vectors: npt.NDArray[np.float16]) -> None: ...

    def nearest(
        self, vector: Vector, count: int, parameters: faiss.SearchParameters | None = None
    ) -> npt.NDArray[np.int64]:
        """The rows whose sketches are nearest, nearest first.

        Args:
            count: at most as many as there are rows that `parameters` allow.
        """


class CountedSketches:
    """The question becomes a sketch too, and the bits that differ are counted: of equal ones the first row.

    Args:
        means: float32 [dimension].
    """

    def __init__(self, means: Vector) -> None:
        self._means = means
        self._index = faiss.IndexBinaryFlat(8 * -(-len(means) // 8))
        # Differences are small whole numbers: counting them is faster than a heap when thousands are wanted.
        self._index.use_heap = False  # type: ignore[attr-defined]

    def __len__(self) -> int:
        rows: int = self._index.ntotal
        return rows

    def add(self, vectors: npt.NDArray[np.float16]) -> None:
        if len(vectors):
            # Added at once, so that FAISS allocates exactly what it needs.
            self._index.add(np.concatenate([self._sketch(block) for block in blocks(vectors)]))

    def nearest(
        self, vector: Vector, count: int, parameters: faiss.SearchParameters | None = None
    ) -> npt.NDArray[np.int64]:
        _, rows = self._index.search(self._sketch(vector[np.newaxis]), count, params=parameters)
        nearest: npt.NDArray[np.int64] = rows[0]
        return nearest

    def _sketch(self, vectors: npt.NDArray[np.float16] | Vector) -> npt.NDArray[np.uint8]:
        return np.packbits(vectors > self._means, axis=1)


class EstimatedSketches:
    """The cosine is estimated from the question in four bits: two to five times as slow, and far finer.

    Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound" (SIGMOD 2024),
    without its rotation, which made no difference to text embeddings.

    Args:
        means: float32 [dimension].
    """

    def __init__(self, means: Vector) -> None:
        self._index = faiss.IndexRaBitQ(len(means), faiss.METRIC_INNER_PRODUCT)
        self._index.train(means[np.newaxis])  # which takes their mean for the centre

    def __len__(self) -> int:
        rows: int = self._index.ntotal
        return rows

    def add(self, vectors: npt.NDArray[np.float16]) -> None:
        for block in blocks(vectors):
            self._index.add(block.astype(np.float32))

    def nearest(
        self, vector: Vector, count: int, parameters: faiss.SearchParameters | None = None
    ) -> npt.NDArray[np.int64]:
        chosen = faiss.RaBitQSearchParameters()
        chosen.qb = _QUESTION_BITS
        if parameters is not None:
            chosen.sel = parameters.sel
        _, rows = self._index.search(vector[np.newaxis], count, params=chosen)
        nearest: npt.NDArray[np.int64] = rows[0]
        return nearest


# From the fastest to the finest; the names are kept in snapshots.
KINDS: dict[str, type[CountedSketches] | type[EstimatedSketches]] = {
    "counted": CountedSketches,
    "estimated": EstimatedSketches,
}


def means(vectors: npt.NDArray[np.float16]) -> Vector:
    """float32 [dimension]: the mean of each; there must be a vector."""
    total = np.zeros(vectors.shape[1], np.float64)
    for block in blocks(vectors):
        total += block.sum(axis=0, dtype=np.float32)
    return (total / len(vectors)).astype(np.float32)


def blocks(vectors: npt.NDArray[np.float16]) -> Iterator[npt.NDArray[np.float16]]:
    for start in range(0, len(vectors), _BLOCK):
        yield vectors[start : start + _BLOCK]
