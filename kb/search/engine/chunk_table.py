"""Which chunks each document has, in about sixteen bytes a chunk."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Set

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

CHUNK, DOCUMENT = range(2)


class ChunkTable:
    """Changes cost what the changed documents hold, whatever the size of the table."""

    def __init__(self) -> None:
        self._chunks: dict[int, array[int]] = {}  # of each document, ascending
        self._count = 0

    def __len__(self) -> int:
        """Chunks."""
        return self._count

    def add(self, ids: Ids) -> None:
        """Args: ids: int64 [n, 2 or more]: CHUNK, DOCUMENT; chunks that are not in the table."""
        ordered = ids[np.lexsort((ids[:, CHUNK], ids[:, DOCUMENT]))]
        starts = np.flatnonzero(np.diff(ordered[:, DOCUMENT], prepend=-1))
        for part in np.split(ordered, starts[1:]) if len(ordered) else []:
            chunks = self._chunks.get(int(part[0, DOCUMENT]), array("q")).tolist() + part[:, CHUNK].tolist()
            self._chunks[int(part[0, DOCUMENT])] = array("q", sorted(chunks))
        self._count += len(ordered)

    def remove(self, document_ids: Collection[int]) -> list[int]:
        """Returns the chunks that these documents had."""
        removed = [chunk for document in document_ids for chunk in self._chunks.pop(document, ())]
        self._count -= len(removed)
        return removed

    def holds(self, document_id: int, chunk_id: int) -> bool:
        chunks = self._chunks.get(document_id, ())
        place = bisect_left(chunks, chunk_id)
        return place < len(chunks) and chunks[place] == chunk_id

    def documents_of(self, chunk_ids: Set[int]) -> set[int]:
        """Documents that have one of these chunks. Reads the whole table."""
        if not chunk_ids:
            return set()
        return {document for document, chunks in self._chunks.items() if not chunk_ids.isdisjoint(chunks)}

    def rows(self) -> Ids:
        """int64 [n, 2]: CHUNK, DOCUMENT, by document and chunk: equal tables give equal rows."""
        rows = np.empty((self._count, 2), np.int64)
        for start, document, chunks in self._parts():
            rows[start : start + len(chunks), CHUNK] = chunks
            rows[start : start + len(chunks), DOCUMENT] = document
        return rows

    def _parts(self) -> Iterator[tuple[int, int, array[int]]]:
        start = 0
        for document in sorted(self._chunks):
            yield start, document, self._chunks[document]
            start += len(self._chunks[document])
