"""Saved vectors: two plain numpy files that belong to no index library, so every backend reads them.

An index whose vectors are kept by another program saves only which chunks they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.search.engine.errors import DamagedIndexError
from kb.search.engine.protocols import VectorRows
from kb.search.engine.row_table import CHUNK

_VECTORS = "vectors.npy"
_IDS = "ids.npy"
_ELSEWHERE = "chunks.npy"
_BLOCK = 65_536


def write_rows(
    folder: Path,
    ids: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float16],
    rows: npt.NDArray[np.int64],
) -> None:
    """Write these rows of `ids` and `vectors`, in this order, block by block.

    Not through a memory map: on a full disk that kills the process instead of raising OSError.
    """
    np.save(folder / _IDS, ids[rows].astype("<i8"))
    header = {"descr": "<f2", "fortran_order": False, "shape": (len(rows), vectors.shape[1])}
    with (folder / _VECTORS).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(rows), _BLOCK):
            file.write(vectors[rows[start : start + _BLOCK]].tobytes())


def read_rows(folder: Path, dimension: int) -> VectorRows:
    """Raises DamagedIndexError; the vectors are mapped into memory, not read."""
    if (folder / _ELSEWHERE).exists():
        raise DamagedIndexError("The vectors were kept in another store, not in these files.")
    try:
        ids = np.load(folder / _IDS, allow_pickle=False)
        vectors = np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise DamagedIndexError(f"The saved vectors cannot be read: {error}") from error
    if ids.dtype != np.dtype("<i8") or ids.ndim != 2 or ids.shape[1] != 3:
        raise DamagedIndexError(f"{_IDS} does not hold three ids a row.")
    if vectors.dtype != np.dtype("<f2") or vectors.shape != (len(ids), dimension):
        raise DamagedIndexError(f"{_VECTORS} does not hold {len(ids)} vectors of {dimension} values.")
    if len(np.unique(ids[:, CHUNK])) != len(ids):
        raise DamagedIndexError("A chunk is in the saved vectors twice.")
    return VectorRows(ids, vectors)


def write_chunks(folder: Path, rows: npt.NDArray[np.int64]) -> None:
    """Write which chunks there are, for vectors that are kept elsewhere. Args: rows: chunk, document."""
    np.save(folder / _ELSEWHERE, rows.astype("<i8"))


def read_chunks(folder: Path) -> npt.NDArray[np.int64] | None:
    """int64 [n, 2]: chunk, document; None where vectors were saved. Raises DamagedIndexError."""
    if not (folder / _ELSEWHERE).exists():
        return None
    try:
        rows: npt.NDArray[np.int64] = np.load(folder / _ELSEWHERE, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DamagedIndexError(f"The saved chunk ids cannot be read: {error}") from error
    if rows.dtype != np.dtype("<i8") or rows.ndim != 2 or rows.shape[1] != 2:
        raise DamagedIndexError(f"{_ELSEWHERE} does not hold two ids a row.")
    if len(np.unique(rows[:, CHUNK])) != len(rows):
        raise DamagedIndexError("A chunk is in the saved ids twice.")
    return rows
