"""Copying a tantivy index that nobody writes to at the moment."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

_META = "meta.json"
# The files that tantivy replaces; all others are written once.
_REPLACED = (".managed.json", _META)
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)


def copy_index(source: Path, target: Path) -> None:
    """Make `target`, an empty or new folder, the same index as `source`.

    Files that never change are hard links, so that this takes no room and no time. The description, without
    which there is no index, comes last.

    Raises:
        FileNotFoundError: there is no index in `source`.
        OSError: the disk is full or fails.
    """
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.name not in _REPLACED and path.suffix != ".lock":
            _link(path, target / path.name)
    for name in _REPLACED:
        shutil.copyfile(source / name, target / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)
