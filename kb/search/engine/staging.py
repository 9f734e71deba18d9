"""Rows on their way into the two indexes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kb.search.engine.errors import InvalidVectorError
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.protocols import VectorRows
from kb.search.engine.types import Row

_STORED = np.dtype("<f2")
_NORM_TOLERANCE = 0.01  # rounding to float16 moves the length of a vector by about 0.0002


def vector_rows(document_id: int, collection_id: int, rows: Sequence[Row], dimension: int) -> VectorRows:
    """Raises InvalidVectorError unless each vector has this dimension and length 1."""
    if any(len(row.vector) != dimension * _STORED.itemsize for row in rows):
        raise InvalidVectorError(
            f"A vector of document {document_id} does not have {dimension} values.", document_id=document_id
        )
    vectors = np.frombuffer(b"".join(row.vector for row in rows), _STORED).reshape(-1, dimension)
    # A NaN fails this comparison as well.
    if not np.all(np.abs(_lengths(vectors) - 1) <= _NORM_TOLERANCE):
        raise InvalidVectorError(
            f"A vector of document {document_id} is not normalised.", document_id=document_id
        )
    ids = np.array([(row.chunk_id, document_id, collection_id) for row in rows], np.int64)
    return VectorRows(ids.reshape(-1, 3), vectors)


def joined(parts: Sequence[VectorRows], dimension: int) -> VectorRows:
    """All rows of the parts, in their order."""
    if not parts:
        return VectorRows(np.empty((0, 3), np.int64), np.empty((0, dimension), _STORED))
    return VectorRows(
        np.concatenate([part.ids for part in parts]), np.concatenate([part.vectors for part in parts])
    )


class WordChanges:
    """Changes for the lexical index, gathered: it is asked once for all chunks that go.

    Asking it for each document by itself made a replay of 100,000 events take twice as long.

    Attributes:
        count: chunks held, at most; what was replaced twice counts twice.
    """

    def __init__(self) -> None:
        self.count = 0
        self._changes: dict[int, tuple[int, Sequence[Row]] | None] = {}

    def replace(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None:
        self._changes[document_id] = (collection_id, rows)
        self.count += len(rows)

    def remove(self, document_id: int) -> None:
        self._changes[document_id] = None

    def clear(self) -> None:
        self._changes.clear()
        self.count = 0

    def write(self, index: LexicalIndex) -> None:
        """Hand them over and forget them. Raises IndexWriteError, and forgets nothing."""
        if self._changes:
            index.remove_documents(self._changes.keys())
        for document_id, replacement in self._changes.items():
            if replacement is not None:
                index.add(document_id, *replacement)
        self.clear()


def _lengths(vectors: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
    lengths: npt.NDArray[np.float32] = np.linalg.norm(vectors.astype(np.float32), axis=1)
    return lengths
