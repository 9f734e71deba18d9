"""Whose each row of a vector index is, and which rows were removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

CHUNK, DOCUMENT, COLLECTION = range(3)

Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class RowTable:
    """Rows are only added at the end; a removed one stays and is marked, so that row numbers never shift."""

    def __init__(self) -> None:
        self._ids: Ids = np.empty((0, 3), np.int64)
        self._alive: Flags = np.empty(0, np.bool_)
        self._sorted: tuple[Ids, Ids] = (np.empty(0, np.int64), np.empty(0, np.int64))
        self._in_order = 0
        self.rows = 0
        self.dead = 0

    def __len__(self) -> int:
        """Rows that were not removed."""
        return self.rows - self.dead

    @property
    def disordered(self) -> int:
        """Rows from the first on whose collection lies below that of the row before it."""
        return self.rows - self._in_order

    @property
    def ids(self) -> Ids:
        """int64 [rows, 3]: CHUNK, DOCUMENT and COLLECTION of each row, removed ones included."""
        return self._ids[: self.rows]

    @property
    def alive(self) -> Flags:
        return self._alive[: self.rows]

    def append(self, ids: Ids) -> None:
        needed = self.rows + len(ids)
        if needed > len(self._alive):
            self._grow(max(needed, 2 * len(self._alive)))
        self._ids[self.rows : needed] = ids
        self._alive[self.rows : needed] = True
        if self._in_order == self.rows:
            self._in_order = self._end_of_order(needed)
        self.rows = needed

    def remove(self, document_ids: Collection[int]) -> Ids:
        """Mark the rows of these documents; returns the rows that were alive until now."""
        wanted = np.fromiter(document_ids, np.int64, len(document_ids))
        found = np.flatnonzero(self.alive & np.isin(self.ids[:, DOCUMENT], wanted))
        self._alive[found] = False
        self.dead += len(found)
        return found

    def in_collections(self, collections: frozenset[int] | None) -> Flags:
        """bool [rows]: alive, and in one of these collections (None: in any)."""
        if collections is None:
            return self.alive.copy()
        wanted = np.fromiter(collections, np.int64, len(collections))
        return self.alive & np.isin(self.ids[:, COLLECTION], wanted)

    def of_chunks(self, chunk_ids: Sequence[int]) -> Ids:
        """The row of each of these chunks, -1 where there is none."""
        wanted = np.asarray(chunk_ids, np.int64)
        known, rows = self._by_chunk()
        if not len(known):
            return np.full(len(wanted), -1, np.int64)
        # A chunk that was added again has several rows, of which only the last may be alive.
        places = np.searchsorted(known, wanted, side="right") - 1
        found = rows[places]
        return np.where((known[places] == wanted) & self._alive[found], found, -1)

    def ordered(self) -> Ids:
        """Alive rows by collection and document.

        In this order the rows of a collection lie side by side, which makes a search in some collections up
        to five times as fast, and two indexes of the same documents are equal whatever their history.
        """
        rows = np.flatnonzero(self.alive)
        ids = self.ids[rows]
        return rows[np.lexsort((ids[:, CHUNK], ids[:, DOCUMENT], ids[:, COLLECTION]))]

    def _by_chunk(self) -> tuple[Ids, Ids]:
        """Ids of all chunks, ascending, and their rows. Two threads may both make it: it is the same.

        What was known stays, and what came since is merged into it: sorting a million takes 90 ms, and
        would be paid by the first search after each change.
        """
        known, rows = self._sorted
        if len(known) < self.rows:
            fresh = np.arange(len(known), self.rows)
            fresh = fresh[np.argsort(self.ids[fresh, CHUNK], kind="stable")]
            rows = np.concatenate((rows, fresh))
            known = np.concatenate((known, self.ids[fresh, CHUNK]))
            # A stable sort merges two runs that are in order, in one pass.
            order = np.argsort(known, kind="stable")
            known, rows = self._sorted = (known[order], rows[order])
        return known, rows

    def _end_of_order(self, end: int) -> int:
        """Up to where the rows before `end` are in order, when those that are counted already are."""
        start = max(self.rows - 1, 0)
        falls = np.flatnonzero(np.diff(self._ids[start:end, COLLECTION]) < 0)
        return int(start + 1 + falls[0]) if len(falls) else end

    def _grow(self, capacity: int) -> None:
        ids, alive = np.empty((capacity, 3), np.int64), np.zeros(capacity, np.bool_)
        ids[: self.rows], alive[: self.rows] = self.ids, self.alive
        self._ids, self._alive = ids, alive
