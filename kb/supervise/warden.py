"""The last resort: kills the children's process groups when the supervisor itself was killed.

A separate process that reads the supervisor's list of groups from a pipe. The kernel closes the pipe when
the supervisor ends, in whatever way; then every group still on the list is killed. It reaches the
grandchildren (uvicorn's workers, parsers), which the parent-death signal of Linux does not, and it works
on systems that have no such signal.

Run as a script it is the warden; `Warden` is the supervisor's end. Only the standard library, and little of
it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO, cast


class Warden:
    """Start it before the first child; use as a context manager."""

    def __init__(self) -> None:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C in the terminal is for the supervisor alone.
            start_new_session=True,
        )
        self._process = process
        self._list = cast("IO[bytes]", process.stdin)

    def __enter__(self) -> Warden:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the warden end; what is still on its list is killed now."""
        self._process.communicate()

    def watch(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Must follow the end of the group at once: its number may be given to a stranger later."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        # Broken: someone killed the warden. On Linux the parent-death signal remains.
        with suppress(BrokenPipeError):
            self._list.write(line.encode())
            self._list.flush()


def guard(instructions: IO[str]) -> None:
    """Follow the list until the pipe closes, then kill the groups that are on it."""
    groups: set[int] = set()
    for line in instructions:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):  # it ended by itself
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    guard(sys.stdin)
