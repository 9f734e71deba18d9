"""Folders of this machine: only below what the operator allows, and never out of them by a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ingest.sources.errors import SourceUnreachableError
from ingest.sources.reaching import Listed
from kb.conf import config
from kb.exceptions import InvalidInputError


def allowed_folder(location: str) -> Path:
    """The folder itself, links followed.

    Raises:
        InvalidInputError: it is not below one of KB_SOURCE_ROOTS. Whether it exists is not told.
    """
    roots = [Path(root).resolve() for root in config.source_roots]
    try:
        folder = Path(location).resolve()
    except (OSError, ValueError) as error:
        raise InvalidInputError("That is no path of a folder.") from error
    if not Path(location).is_absolute() or not any(folder.is_relative_to(root) for root in roots):
        raise InvalidInputError(
            "Folders of the server can be connected below those that the operator names in KB_SOURCE_ROOTS."
            + ("" if roots else " None is named there.")
        )
    return folder


class FolderReach:
    """A folder, without hidden files and without links that lead out of it."""

    def __init__(self, location: str) -> None:
        self._folder = allowed_folder(location)

    def walk(self) -> Iterator[Listed]:
        for where, folders, files in os.walk(self._folder, onerror=_refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(where) / name
                if not name.startswith(".") and (found := self._listed(path)):
                    yield found

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """The file is checked when it is open: what a path led to before may not be what it leads to now."""
        target = self._folder / path
        try:
            descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceUnreachableError(f"It cannot be read: {error.strerror}.") from error
        with os.fdopen(descriptor, "rb") as stream:
            self._check(target, os.fstat(stream.fileno()))
            yield stream

    def _check(self, target: Path, opened: os.stat_result) -> None:
        real = target.resolve()
        now = real.stat() if real.exists() else None
        same = now is not None and (now.st_dev, now.st_ino) == (opened.st_dev, opened.st_ino)
        if not (same and stat.S_ISREG(opened.st_mode) and real.is_relative_to(self._folder)):
            raise SourceUnreachableError("It is a link that leads out of the folder.")

    def _listed(self, path: Path) -> Listed | None:
        real = path.resolve()
        if not real.is_relative_to(self._folder) or not real.is_file():
            return None
        about = real.stat()
        modified = datetime.fromtimestamp(about.st_mtime, UTC).isoformat(timespec="seconds")
        mark = f"{about.st_size} {about.st_mtime_ns} {about.st_ino}"
        name = path.relative_to(self._folder).as_posix()
        return Listed(name, about.st_size, mark, modified=modified)


def _refuse(error: OSError) -> None:
    """A folder that cannot be listed would look like one whose files vanished."""
    raise SourceUnreachableError(f"A folder cannot be listed: {error.strerror}.") from error
