"""Sketches: one bit for each dimension of a vector, whether it lies above the mean of all vectors there.

The number of bits in which two sketches differ orders vectors nearly as their cosine does, and a sketch is a
sixteenth of the vector in float16. Reading all of them to choose the rows that are worth an exact comparison
takes a tenth of the time of comparing all (docs/decisions/0016-approximate-search.md).
"""

from __future__ import annotations

from collections.abc import Iterator

import faiss
import numpy as np
import numpy.typing as npt

from kb.search.engine.protocols import Vector

_BLOCK = 65_536  # rows turned into float32 at a time


class Sketches:
    """The sketches of rows, in the order in which these were added.

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
        """The rows whose sketches differ least, least first, of equal ones the first.

        Args:
            count: at most as many as there are rows that `parameters` allow.
        """
        _, rows = self._index.search(self._sketch(vector[np.newaxis]), count, params=parameters)
        nearest: npt.NDArray[np.int64] = rows[0]
        return nearest

    def _sketch(self, vectors: npt.NDArray[np.float16] | Vector) -> npt.NDArray[np.uint8]:
        return np.packbits(vectors > self._means, axis=1)


def means(vectors: npt.NDArray[np.float16]) -> Vector:
    """float32 [dimension]: the mean of each; there must be a vector."""
    total = np.zeros(vectors.shape[1], np.float64)
    for block in blocks(vectors):
        total += block.sum(axis=0, dtype=np.float32)
    return (total / len(vectors)).astype(np.float32)


def blocks(vectors: npt.NDArray[np.float16]) -> Iterator[npt.NDArray[np.float16]]:
    for start in range(0, len(vectors), _BLOCK):
        yield vectors[start : start + _BLOCK]
