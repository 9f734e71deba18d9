"""Rows of units on the disk, so that a model server that starts anew knows them.

They are made of the words of documents: nobody but this user may read them, none is kept for longer than a
day from its making, and the purge of a document removes them all.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

MAX_AGE_S = 24 * 3600
_SUFFIX, _DRAFT = ".rows", ".part"
_SWEEP_S = 600
_TIME_BYTES = 8
_HEAD_BYTES = _TIME_BYTES + hashlib.sha256().digest_size


def rows_folder(data_dir: Path) -> Path:
    return data_dir / "rows"


def forget_kept_rows(data_dir: Path) -> None:
    """Remove everything that was kept, of whatever model; a server that is running begins anew."""
    for model in _inside(rows_folder(data_dir)):
        for file in _inside(model):
            file.unlink(missing_ok=True)


class KeptRows:
    """Implements `kb.llm.engine.units.Shelf`. Belongs to one thread; nothing here ever raises OSError.

    Args:
        folder: of all models; `rows_folder`.
        model: a word that is another one for whatever makes other rows. What is there of others is removed.
        limit_bytes: the least recently used files go when there are more.
        clock: seconds since the epoch.
    """

    def __init__(
        self, folder: Path, model: str, limit_bytes: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder / model
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._swept_s = float("-inf")
        self._size_bytes = 0
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for other in _inside(folder):
                if other != self._folder:
                    shutil.rmtree(other, ignore_errors=True)
            self._sweep()
        except OSError as error:
            _warn(error)

    def get(self, key: str) -> bytearray | None:
        path = self._path(key)
        try:
            data = bytearray(path.read_bytes())
            os.utime(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            _warn(error)
            return None
        made_s = int.from_bytes(data[:_TIME_BYTES], "little")
        head = _head(key, made_s, memoryview(data)[_HEAD_BYTES:])
        if not hmac.compare_digest(data[:_HEAD_BYTES], head) or self._clock() - made_s > MAX_AGE_S:
            path.unlink(missing_ok=True)
            return None
        return data[_HEAD_BYTES:]

    def put(self, key: str, rows: bytearray) -> None:
        if len(rows) + _HEAD_BYTES > self._limit_bytes:
            return
        try:
            self._write(key, rows)
            if self._clock() - self._swept_s > _SWEEP_S or self._size_bytes > self._limit_bytes:
                self._sweep()
        except OSError as error:
            _warn(error)

    def _write(self, key: str, rows: bytearray) -> None:
        """Whole or not at all. Not forced to the disk: what a power cut damages is found out on reading."""
        handle, draft = tempfile.mkstemp(_DRAFT, dir=self._folder)
        with open(handle, "wb") as file:  # noqa: PTH123 - made for us alone
            file.write(_head(key, int(self._clock()), rows))
            file.write(rows)
        Path(draft).replace(self._path(key))
        self._size_bytes += _HEAD_BYTES + len(rows)

    def _sweep(self) -> None:
        """Remove what is too old or too much, and drafts of processes that were killed."""
        self._swept_s = self._clock()
        self._size_bytes = 0
        for _, size_bytes, path in sorted(self._files(), reverse=True):
            is_too_old = self._swept_s - _made_s(path) > MAX_AGE_S
            if path.suffix != _SUFFIX or is_too_old or self._size_bytes + size_bytes > self._limit_bytes:
                path.unlink(missing_ok=True)
            else:
                self._size_bytes += size_bytes

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in _inside(self._folder):
            facts = path.stat()
            yield facts.st_mtime, facts.st_size, path

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"


def _head(key: str, made_s: int, rows: bytearray | memoryview) -> bytes:
    made = made_s.to_bytes(_TIME_BYTES, "little")
    digest = hashlib.sha256(key.encode() + made)
    digest.update(rows)
    return made + digest.digest()


def _made_s(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(_TIME_BYTES), "little")


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _warn(error: OSError) -> None:
    logger.warning("The rows of passages cannot be kept on the disk: %s", error)
