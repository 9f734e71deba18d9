"""The folders that parsing processes work in, and those that were left behind."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

logger = logging.getLogger(__name__)

PREFIX = "kb-reading-"
# No file is read for longer than an hour: KB_PARSE_TIMEOUT_S and KB_OCR_TIMEOUT_S allow no more.
_LEFT_AFTER_S = 2 * 3600.0


def working_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)


def remove_left_folders(now_s: float | None = None) -> None:
    """Remove what processes left that were killed; of another user's, and of those at work, nothing.

    Args:
        now_s: seconds since the epoch.
    """
    before_s = (time.time() if now_s is None else now_s) - _LEFT_AFTER_S
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
        except FileNotFoundError:
            continue
        if found.st_uid == os.getuid() and found.st_mtime < before_s and not folder.is_symlink():
            logger.info("Removing %s, which a killed process left", folder)
            shutil.rmtree(folder, ignore_errors=True)
