"""The files that a running search server works in. They are worth nothing once it has ended."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "live-"


def clear_live_folders(root: Path) -> None:
    """Before the first engine: remove what dead processes left, one with this process's number included."""
    for folder in root.glob(f"{_PREFIX}*"):
        if not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def new_live_folder(root: Path) -> Path:
    """An empty folder for an engine of this process, beside those of its other engines."""
    own = _own(root)
    own.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=own))


def remove_live_folder(root: Path) -> None:
    """At the end of this process."""
    shutil.rmtree(_own(root), ignore_errors=True)


def _own(root: Path) -> Path:
    return root / f"{_PREFIX}{os.getpid()}"


def _in_use(folder: Path) -> bool:
    pid = folder.name.removeprefix(_PREFIX)
    if not pid.isascii() or not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # alive, and another user's
    return True
