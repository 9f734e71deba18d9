"""What a child process prints: into its log file, errors also to the terminal."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG_BYTES = 5 * 2**20
LOG_BACKUPS = 3
_LINE_BYTES = 64 * 1024

# Our own lines, Celery's and uvicorn's: "2026-01-31 12:00:00,000 ERROR …", "[…: ERROR/Main] …", "ERROR: …".
_ERROR = re.compile(r"^(\[?\d{4}-\S+ \S+ )?(ERROR|CRITICAL)\b")


class LogFile(RotatingFileHandler):
    """A bounded file of raw lines: `LOG_BYTES` and `LOG_BACKUPS` older ones of the same size."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_BACKUPS, encoding="utf-8", delay=True)

    def write(self, line: str) -> None:
        self.handle(logging.LogRecord("", logging.INFO, "", 0, line, None, None))

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk costs the log its lines, but not the processes their supervisor."""


def is_error(line: str) -> bool:
    return _ERROR.match(line) is not None


class Output:
    """The lines of one process over all its restarts.

    Args:
        shown: whether a line also goes to `show`.
    """

    def __init__(self, log: LogFile, show: Callable[[str], None], shown: Callable[[str], bool]) -> None:
        self.last_line = ""
        self._log = log
        self._show = show
        self._shown = shown

    async def pump(self, descriptor: int) -> None:
        """Read the pipe until every process that holds its other end is gone. Closes `descriptor`."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        rest = b""
        try:
            while block := await reader.read(_LINE_BYTES):
                *lines, rest = (rest + block).split(b"\n")
                if len(rest) > _LINE_BYTES:  # not text, or a line without end
                    lines.append(rest)
                    rest = b""
                for line in lines:
                    self._take(line)
        finally:
            if rest:
                self._take(rest)
            transport.close()

    def _take(self, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip()
        self._log.write(line)
        if line:
            self.last_line = line
        if self._shown(line):
            self._show(line)
