"""The files that a running search server works in. They are worth nothing once it has ended."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "live-"


def new_live_folder(root: Path) -> Path:
    """An empty folder for this process's engine; what it had, and what dead processes had, is removed."""
    root.mkdir(parents=True, exist_ok=True)
    for folder in root.glob(f"{_PREFIX}*"):
        if not _in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
    own = _own(root)
    own.mkdir(exist_ok=True)
    # A name not used before: the engine that is being replaced may still hold files by their old one.
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
