"""Exact vector search in Milvus, for more vectors than one machine should hold.

Milvus keeps the vectors; this process keeps which chunks it has shown, some sixteen bytes each. Nothing is
found that is not in that table, so rows that another search server wrote earlier or later, or that a
crash left behind, are never hits: several search servers follow their logs into one Milvus collection, each
at its own pace.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from kb.search.engine.chunk_table import CHUNK, ChunkTable
from kb.search.engine.milvus_store import MOST_HITS, MilvusStore, one_of
from kb.search.engine.protocols import Vector, VectorRows
from kb.search.engine.ranking import Hits, best
from kb.search.engine.vector_files import read_chunks, read_rows, write_chunks

_MESSAGE_BYTES = 4 * 1024 * 1024  # of vectors; Milvus takes 64 MiB


class MilvusIndex:
    """A `VectorIndex`; see there for the contract.

    Vectors are stored as float32, with the values that they have in float16, and so cosines are those of
    the other indexes; a search rounds them to six decimals.

    Args:
        store: an open collection. It may hold anything; nothing of that is found.
    """

    device = "milvus"
    vector_search = "exact"

    def __init__(self, dimension: int, store: MilvusStore) -> None:
        self.dimension = dimension
        self._store = store
        self._table = ChunkTable()
        self._prepared: VectorRows | None = None
        self._removed: set[int] = set()  # chunks that are to be deleted in Milvus
        self._lost: set[int] = set()  # chunks of the table that Milvus did not find

    @property
    def trouble(self) -> str:
        return self._store.trouble

    def __len__(self) -> int:
        return len(self._table)

    def chunks(self) -> npt.NDArray[np.int64]:
        return self._table.rows()

    def missing_chunks(self) -> set[int]:
        return set(np.setdiff1d(self.chunks()[:, CHUNK], self._store.chunk_ids()).tolist())

    def lost_documents(self) -> set[int]:
        self._store.tend()
        documents = self._table.documents_of(self._lost.copy())
        if not documents:
            self._lost.clear()  # removed meanwhile
        return documents

    def prepare(self, rows: VectorRows) -> None:
        for block in self._blocks(rows):
            chunk_ids, checksums = block.ids[:, CHUNK].tolist(), _checksums(block)
            # Another search server may have written it, or this one before it was started anew.
            known = self._store.checksums(chunk_ids)
            new = [n for n, chunk in enumerate(chunk_ids) if known.get(chunk) != checksums[n]]
            if new:
                vectors = block.vectors[new].astype(np.float32)
                self._store.put(block.ids[new], [checksums[n] for n in new], vectors)
        self._prepared = rows

    def add(self, rows: VectorRows) -> None:
        if rows is not self._prepared:
            self.prepare(rows)
        self._prepared = None
        self._table.add(rows.ids)
        self._removed.difference_update(rows.ids[:, CHUNK].tolist())

    def remove_documents(self, document_ids: Collection[int]) -> None:
        removed = self._table.remove(document_ids)
        self._removed.update(removed)
        self._lost.difference_update(removed)

    @property
    def needs_compaction(self) -> bool:
        return bool(self._removed)

    def compacted(self) -> Self:
        """Deletes in Milvus what was removed here. The copy shares everything else with this index."""
        self._store.delete(sorted(self._removed))
        clean = copy.copy(self)
        clean._removed = set()
        return clean

    def search(
        self, vector: Vector, limit: int, collections: frozenset[int] | None
    ) -> list[tuple[int, float]]:
        if limit <= 0 or not len(self) or (collections is not None and not collections):
            return []
        condition = "" if collections is None else one_of("collection", sorted(collections))
        return best(lambda count: self._nearest(vector, count, condition), limit)

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vector]:
        stored = self._store.vectors(chunk_ids) if len(chunk_ids) and len(self) else {}
        self._lost.update(set(chunk_ids) - stored.keys())
        held = [
            chunk for chunk in chunk_ids if chunk in stored and self._table.holds(stored[chunk][0], chunk)
        ]
        vectors = np.array([stored[chunk][1] for chunk in held], np.float32)
        return held, vectors.reshape(len(held), self.dimension)

    def save(self, folder: Path) -> None:
        write_chunks(folder, self._table.rows())

    def load(self, folder: Path) -> None:
        """Vectors in the folder are taken over. What Milvus lost of saved chunks is in `lost_documents`."""
        self._table, self._prepared = ChunkTable(), None
        self._removed, self._lost = set(), set()
        rows = read_chunks(folder)
        if rows is None:
            self.add(read_rows(folder, self.dimension))
        else:
            self._table.add(rows)
        self._compare()

    def _compare(self) -> None:
        """Note what is missing in Milvus, and delete what was left there.

        A chunk newer than all of ours is no remnant: another search server is ahead of this one.
        """
        own, stored = self.chunks()[:, CHUNK], self._store.chunk_ids()
        self._lost.update(np.setdiff1d(own, stored).tolist())
        remnants = np.setdiff1d(stored, own)
        if len(own):
            self._store.delete(remnants[remnants < own.max()].tolist())

    def _nearest(self, vector: Vector, count: int, condition: str) -> Hits:
        """The best `count` chunks of the table; more are fetched while others take their places."""
        wanted = count
        while True:
            wanted = min(wanted, MOST_HITS)
            found = self._store.nearest(vector, wanted, condition)
            hits = [
                (chunk, cosine) for chunk, document, cosine in found if self._table.holds(document, chunk)
            ]
            if len(hits) >= count or len(found) < wanted or wanted == MOST_HITS:
                return hits[:count]
            wanted *= 2

    def _blocks(self, rows: VectorRows) -> Iterator[VectorRows]:
        size = max(1, _MESSAGE_BYTES // (4 * self.dimension))
        for start in range(0, len(rows.ids), size):
            part = slice(start, start + size)
            yield VectorRows(rows.ids[part], rows.vectors[part])


def _checksums(rows: VectorRows) -> list[int]:
    """A number for each row that changes with any of its values."""
    return [
        int.from_bytes(
            hashlib.blake2b(ids.tobytes() + vector.tobytes(), digest_size=8).digest(), "little", signed=True
        )
        for ids, vector in zip(rows.ids, rows.vectors, strict=True)
    ]
