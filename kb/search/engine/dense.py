"""Vector search on the CPU: FAISS over float16, exact or in two stages.

Float16 finds what float32 finds in less than half the time, because a search is bound by reading memory.
Where many rows are allowed, sketches choose those that are compared exactly (`sketches.py`).
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
from kb.search.engine.row_table import CHUNK, DOCUMENT, RowTable
from kb.search.engine.sketch_plan import SketchPlan, read_plan, write_plan
from kb.search.engine.sketch_recall import learn
from kb.search.engine.sketches import KINDS, Sketches
from kb.search.engine.vector_files import read_rows, write_rows

# Up to so many allowed rows an exact search takes little more than a millisecond.
EXACT_ROWS = 50_000
_DEAD_SHARE = 0.25
# Rows of mixed collections cost a filtered search three times as much as rows in order.
_DISORDERED_SHARE = 0.1
_GROWTH = 2  # what was measured over so many times fewer rows is measured again
_PER_HIT = 10  # rows compared for each hit that is wanted, at least
_FILTERS = 256  # sets of collections remembered until the next change
_BLOCK = 65_536  # rows copied at a time


_Nearest = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


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
    """A `VectorIndex`; see there for the contract.

    Args:
        exact_rows: where so many rows are allowed at most, all of them are compared.
    """

    device = "cpu"

    def __init__(self, dimension: int, exact_rows: int = EXACT_ROWS) -> None:
        self.dimension = dimension
        self._exact_rows = exact_rows
        self._clear()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def vector_search(self) -> str:
        return str(self._plan) if self._plan else "exact"

    def chunks(self) -> npt.NDArray[np.int64]:
        chunks: npt.NDArray[np.int64] = self._rows.ids[self._rows.alive][:, [CHUNK, DOCUMENT]]
        return chunks

    def add(self, rows: VectorRows) -> None:
        if not len(rows.ids):
            return
        vectors = np.ascontiguousarray(rows.vectors, "<f2")
        # The quantiser's code of a vector is the vector in float16: nothing is computed here.
        self._vectors.add_sa_codes(vectors.view(np.uint8))
        if self._sketches is not None:
            self._sketches.add(vectors)
        self._rows.append(rows.ids)
        self._filters.clear()

    def remove_documents(self, document_ids: Collection[int]) -> None:
        self._rows.remove(document_ids)
        self._filters.clear()

    @property
    def needs_compaction(self) -> bool:
        rows = self._rows
        disordered = rows.rows > self._exact_rows and rows.disordered > _DISORDERED_SHARE * rows.rows
        return rows.dead > _DEAD_SHARE * rows.rows or disordered or self._is_plan_due

    def compacted(self) -> Self:
        fresh = self._empty()
        fresh._adopt(self._plan)
        rows, vectors = self._rows.ordered(), self._stored()
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            fresh.add(VectorRows(self._rows.ids[block], vectors[block]))
        fresh._measure_if_due()
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
            return self._hits(*self._nearest(vector, min(count, allowed.count), allowed))

        return best(fetch, limit)

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vector]:
        rows = self._rows.of_chunks(chunk_ids)
        rows = rows[rows >= 0]
        return self._rows.ids[rows, CHUNK].tolist(), self._stored()[rows].astype(np.float32)

    def save(self, folder: Path) -> None:
        write_rows(folder, self._rows.ids, self._stored(), self._rows.ordered())
        if self._plan is not None:
            write_plan(folder, self._plan)

    def load(self, folder: Path) -> None:
        self._clear()
        plan, rows = read_plan(folder, self.dimension), read_rows(folder, self.dimension)
        if len(rows.ids) > self._exact_rows:
            self._adopt(plan)
        # In one piece, so that FAISS allocates exactly what it needs.
        self.add(rows)
        self._measure_if_due()

    def _clear(self) -> None:
        self._rows = RowTable()
        self._vectors = _float16(self.dimension)
        self._filters: dict[frozenset[int] | None, _Filter] = {}
        self._adopt(None)

    def _empty(self) -> Self:
        return type(self)(self.dimension, self._exact_rows)

    def _adopt(self, plan: SketchPlan | None) -> None:
        """Make sketches by this plan of all rows to come."""
        self._plan = plan
        self._sketches: Sketches | None = None
        if plan is not None and plan.depth:
            self._sketches = KINDS[plan.kind](plan.means)

    @property
    def _is_plan_due(self) -> bool:
        measured = 0 if self._plan is None else self._plan.rows
        return self._rows.rows > max(self._exact_rows, _GROWTH * measured)

    def _measure_if_due(self) -> None:
        """Takes a few seconds for each million rows, none of which may have been removed."""
        if self._is_plan_due:
            faiss.omp_set_num_threads(1)
            everything = _Filter(len(self._rows))
            self._plan, self._sketches = learn(
                self._stored(), lambda vector, count: self._exact(vector, count, everything)[0]
            )

    def _nearest(self, vector: Vector, count: int, allowed: _Filter) -> _Nearest:
        """The rows, best first, and their cosines; of each as many as wanted, which are so many allowed."""
        if self._plan is None or self._sketches is None or allowed.count <= self._exact_rows:
            return self._exact(vector, count, allowed)
        compared = max(self._plan.depth, _PER_HIT * count)
        if compared >= allowed.count:
            return self._exact(vector, count, allowed)
        rows = np.sort(self._sketches.nearest(vector, compared, allowed.parameters))
        # Copying codes into a small index is three times as fast as computing with them in numpy.
        few = _float16(self.dimension)
        few.add_sa_codes(self._stored()[rows].view(np.uint8))
        cosines, places = few.search(vector[np.newaxis], count)
        return rows[places[0]], cosines[0]

    def _exact(self, vector: Vector, count: int, allowed: _Filter) -> _Nearest:
        cosines, rows = self._vectors.search(vector[np.newaxis], count, params=allowed.parameters)
        return rows[0], cosines[0]

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


def _float16(dimension: int) -> faiss.IndexScalarQuantizer:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
