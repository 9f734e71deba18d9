"""One `manage.py up` for one data folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.supervise.errors import AlreadyRunningError

LOCK_FILE = "up.lock"


@contextmanager
def only_one(run_dir: Path) -> Iterator[None]:
    """Hold the folder's lock. The system lets go of it when the process ends, however it ends.

    The file stays behind on purpose: removing it would let two processes lock two files of one name.

    Raises:
        AlreadyRunningError: another process holds it.
    """
    with (run_dir / LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            pid = file.read().strip() or "unknown"
            raise AlreadyRunningError(
                f"This data folder is already in use by process {pid} ({run_dir.parent}). "
                "Stop that one, or choose another folder and port: KB_DATA_DIR=other KB_PORT=8001 make up",
                pid=pid,
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
