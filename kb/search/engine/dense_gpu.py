"""Exact vector search on a GPU.

The host keeps everything that `DenseIndex` keeps and stays the truth: saving, single cosines and whatever
the GPU cannot do run there. The GPU holds a second copy to search. FAISS's flat GPU index knows neither
filters nor removal, so there is one for each collection: a filter chooses indexes, and removed rows are
over-fetched and dropped until an index is rebuilt.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from typing import Protocol, Self

import faiss
import numpy as np
import numpy.typing as npt

from kb.search.engine.dense import DenseIndex
from kb.search.engine.protocols import Vector, VectorRows
from kb.search.engine.row_table import COLLECTION, RowTable

Floats = npt.NDArray[np.float32]

_MAX_K = 2048  # the most results that FAISS's GPU kernels select
_MAX_DEAD = 512  # leaves room for 1,536 results
_BLOCK = 65_536  # rows turned into float32 at a time
_SCRATCH_BYTES = 256 * 1024 * 1024


class FlatIndex(Protocol):
    """What is used of FAISS's flat indexes."""

    def add(self, vectors: Floats, /) -> None: ...

    def search(self, vectors: Floats, k: int, /) -> tuple[Floats, npt.NDArray[np.int64]]: ...

    def reset(self) -> None: ...


NewFlat = Callable[[int], FlatIndex]


class GpuIndex(DenseIndex):
    """A `VectorIndex`; see there for the contract.

    Args:
        new_flat: makes an empty flat inner-product index of a dimension; float16 on the first GPU by default.
    """

    device = "cuda"

    def __init__(self, dimension: int, new_flat: NewFlat | None = None) -> None:
        self._new_flat = new_flat or _gpu_flat()
        # FAISS's GPU resources serve one thread at a time.
        self._gpu = threading.Lock()
        super().__init__(dimension, exact_rows=sys.maxsize)

    def add(self, rows: VectorRows) -> None:
        first = self._rows.rows
        super().add(rows)
        collections = rows.ids[:, COLLECTION]
        for collection_id in np.unique(collections).tolist():
            shard = self._shards.setdefault(collection_id, _Shard(self._new_flat(self.dimension)))
            shard.add(first + np.flatnonzero(collections == collection_id), self._stored())

    def remove_documents(self, document_ids: Collection[int]) -> None:
        super().remove_documents(document_ids)
        for collection_id, shard in list(self._shards.items()):
            shard.count_dead(self._rows)
            if shard.dead == len(shard.rows):
                del self._shards[collection_id]
            elif shard.dead > _MAX_DEAD:
                shard.rebuild(self._rows, self._stored())

    def search(
        self, vector: Vector, limit: int, collections: frozenset[int] | None
    ) -> list[tuple[int, float]]:
        shards = [
            shard
            for collection_id, shard in self._shards.items()
            if collections is None or collection_id in collections
        ]
        if limit <= 0 or not shards:
            return []
        # One more than wanted shows whether the cut goes through equal cosines, which the host sorts out.
        if limit + 1 + max(shard.dead for shard in shards) > _MAX_K:
            return super().search(vector, limit, collections)
        with self._gpu:
            parts = [shard.search(vector, limit + 1) for shard in shards]
        rows, cosines = (np.concatenate(column) for column in zip(*parts, strict=True))
        alive = self._rows.alive[rows]
        hits = sorted(self._hits(rows[alive], cosines[alive]), key=lambda hit: (-hit[1], hit[0]))
        if len(hits) > limit and hits[limit - 1][1] == hits[limit][1]:
            return super().search(vector, limit, collections)
        return hits[:limit]

    def _clear(self) -> None:
        super()._clear()
        self._shards: dict[int, _Shard] = {}

    def _empty(self) -> Self:
        return type(self)(self.dimension, self._new_flat)


class _Shard:
    """The vectors of one collection.

    Attributes:
        rows: the row of the whole index behind each vector, removed ones included.
        dead: how many of them were removed.
    """

    def __init__(self, flat: FlatIndex) -> None:
        self._flat = flat
        self.rows: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.dead = 0

    def add(self, rows: npt.NDArray[np.int64], stored: npt.NDArray[np.float16]) -> None:
        for start in range(0, len(rows), _BLOCK):
            self._flat.add(stored[rows[start : start + _BLOCK]].astype(np.float32))
        self.rows = np.concatenate((self.rows, rows))

    def count_dead(self, table: RowTable) -> None:
        self.dead = int(np.count_nonzero(~table.alive[self.rows]))

    def rebuild(self, table: RowTable, stored: npt.NDArray[np.float16]) -> None:
        rows = self.rows[table.alive[self.rows]]
        self._flat.reset()
        self.rows, self.dead = np.empty(0, np.int64), 0
        self.add(rows, stored)

    def search(self, vector: Vector, limit: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Rows and cosines of at least the `limit` best that are alive, and perhaps some that are not."""
        cosines, places = self._flat.search(vector[np.newaxis], min(limit + self.dead, len(self.rows)))
        return self.rows[places[0]], cosines[0]


def _gpu_flat() -> NewFlat:
    resources = faiss.StandardGpuResources()
    resources.setTempMemory(_SCRATCH_BYTES)
    config = faiss.GpuIndexFlatConfig()
    config.useFloat16 = True
    return lambda dimension: faiss.GpuIndexFlatIP(resources, dimension, config)
