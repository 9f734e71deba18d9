"""Uploaded files on disk: streamed, hashed, under names of our own."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from kb.exceptions import TooLargeError

_BLOCK = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """A file that is safely on disk. `name` is relative to the files folder."""

    name: str
    sha256: str
    size_bytes: int


def file_path(name: str) -> Path:
    return Path(settings.MEDIA_ROOT) / name


def store(source: BinaryIO, limit_bytes: int) -> StoredFile:
    """Copy a stream to its final place, block by block; it is on disk when this returns.

    Raises:
        TooLargeError: more than `limit_bytes` came; nothing is kept.
    """
    identity = uuid.uuid4().hex
    name = f"{identity[:2]}/{identity}"
    target = file_path(name)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(".part")
    digest, size = hashlib.sha256(), 0
    try:
        with draft.open("xb") as out:
            draft.chmod(0o600)
            for block in _blocks(source):
                size += len(block)
                if size > limit_bytes:
                    raise TooLargeError(f"The file is larger than {limit_bytes >> 20} MB.")
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return StoredFile(name=name, sha256=digest.hexdigest(), size_bytes=size)


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    while block := source.read(_BLOCK):
        yield block


def remove(name: str) -> None:
    """Remove a stored file; one that is gone already is no error."""
    file_path(name).unlink(missing_ok=True)
