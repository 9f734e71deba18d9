"""Exact vector search on the CPU: FAISS over float16.

Float16 finds what float32 finds in less than half the time, because a search is bound by reading memory.
Collections are filtered by a bitmap inside FAISS. Gathering the allowed rows and multiplying them in numpy
was slower at every size and selectivity (2,000 rows, half allowed: 0.63 ms against 0.05 ms).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import faiss
import numpy as np
import numpy.typing as npt

from kb.search.engine.held_in_memory import HeldInMemory
from kb.search.engine.protocols import Vector, VectorRows
from kb.search.engine.ranking import best
from kb.search.engine.row_table import CHUNK, RowTable
from kb.search.engine.vector_files import read_rows, write_rows

_DEAD_SHARE = 0.25
_FILTERS = 256  # sets of collections remembered until the next change
_BLOCK = 65_536  # rows copied at a time


@dataclass(frozen=True)
class _Filter:
    """Rows that may be found.

    Attributes:
        parameters: None when all rows are allowed, which FAISS searches faster than a full bitmap.
        kept: what FAISS only points at, and must live as long.
    """

    count: int
    parameters: faiss.SearchParameters | None = None
    kept: tuple[object, ...] = ()


class DenseIndex(HeldInMemory):
    """A `VectorIndex`; see there for the contract."""

    device = "cpu"

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._clear()

    def __len__(self) -> int:
        return len(self._rows)

    def chunk_ids(self) -> npt.NDArray[np.int64]:
        chunk_ids: npt.NDArray[np.int64] = self._rows.ids[self._rows.alive, CHUNK]
        return chunk_ids

    def add(self, rows: VectorRows) -> None:
        if not len(rows.ids):
            return
        vectors = np.ascontiguousarray(rows.vectors, "<f2")
        # The quantiser's code of a vector is the vector in float16: nothing is computed here.
        self._vectors.add_sa_codes(vectors.view(np.uint8))
        self._rows.append(rows.ids)
        self._filters.clear()

    def remove_documents(self, document_ids: Collection[int]) -> None:
        self._rows.remove(document_ids)
        self._filters.clear()

    @property
    def needs_compaction(self) -> bool:
        return self._rows.dead > _DEAD_SHARE * self._rows.rows

    def compacted(self) -> Self:
        fresh = self._empty()
        rows, vectors = self._rows.ordered(), self._stored()
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            fresh.add(VectorRows(self._rows.ids[block], vectors[block]))
        return fresh

    def search(
        self, vector: Vector, limit: int, collections: frozenset[int] | None
    ) -> list[tuple[int, float]]:
        allowed = self._filter(collections)
        if limit <= 0 or not allowed.count:
            return []
        # One query is one thread's work. With more, OpenMP's barriers cost 4 to 16 ms on a busy machine. The
        # setting belongs to the calling thread, so it is made here.
        faiss.omp_set_num_threads(1)

        def fetch(count: int) -> list[tuple[int, float]]:
            wanted = min(count, allowed.count)
            cosines, rows = self._vectors.search(vector[np.newaxis], wanted, params=allowed.parameters)
            return self._hits(rows[0], cosines[0])

        return best(fetch, limit)

    def cosines(self, vector: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        rows = self._rows.of_chunks(chunk_ids)
        rows = rows[rows >= 0]
        if not len(rows):
            return {}
        cosines = self._stored()[rows].astype(np.float32) @ vector
        return dict(zip(self._rows.ids[rows, CHUNK].tolist(), cosines.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        write_rows(folder, self._rows.ids, self._stored(), self._rows.ordered())

    def load(self, folder: Path) -> None:
        self._clear()
        # In one piece, so that FAISS allocates exactly what it needs.
        self.add(read_rows(folder, self.dimension))

    def _clear(self) -> None:
        self._rows = RowTable()
        self._vectors = faiss.IndexScalarQuantizer(
            self.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._filters: dict[frozenset[int] | None, _Filter] = {}

    def _empty(self) -> Self:
        return type(self)(self.dimension)

    def _stored(self) -> npt.NDArray[np.float16]:
        """float16 [rows, dimension], in FAISS's own memory: only valid until the next change."""
        if not self._rows.rows:
            return np.empty((0, self.dimension), "<f2")
        size = self._rows.rows * self._vectors.code_size
        codes: npt.NDArray[np.uint8] = faiss.rev_swig_ptr(self._vectors.codes.data(), size)
        return codes.view("<f2").reshape(-1, self.dimension)

    def _filter(self, collections: frozenset[int] | None) -> _Filter:
        found = self._filters.get(collections)
        if found is None:
            if len(self._filters) >= _FILTERS:
                self._filters.clear()
            found = self._filters[collections] = self._make_filter(collections)
        return found

    def _make_filter(self, collections: frozenset[int] | None) -> _Filter:
        allowed = self._rows.in_collections(collections)
        count = int(np.count_nonzero(allowed))
        if count == len(allowed):
            return _Filter(count)
        bits = np.packbits(allowed, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        parameters = faiss.SearchParameters()
        parameters.sel = selector
        return _Filter(count, parameters, (bits, selector))

    def _hits(self, rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]) -> list[tuple[int, float]]:
        return list(zip(self._rows.ids[rows, CHUNK].tolist(), cosines.tolist(), strict=True))
