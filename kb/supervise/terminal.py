"""What `manage.py up` tells the person who started it."""

from __future__ import annotations

import os
from datetime import datetime
from io import TextIOBase

from kb.supervise.output import LogFile


class Terminal:
    """Lines for the person, and a copy in `up.log`. Goes on without the terminal when that is closed."""

    def __init__(self, stream: TextIOBase, log: LogFile) -> None:
        self._stream = stream
        self._log = log

    def say(self, line: str) -> None:
        self._log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}")
        self.say_unlogged(line)

    def say_unlogged(self, line: str) -> None:
        """For what must not be kept: the first password."""
        try:
            self._write(line)
        except UnicodeEncodeError:  # an old terminal without "…"
            self._write(line.encode("ascii", "replace").decode())
        except OSError:
            # The window was closed. What Python still holds in its buffer must go somewhere at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()
