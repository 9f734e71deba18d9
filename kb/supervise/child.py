"""One run of one program: its process group, its output, its end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from kb.supervise.output import Output
from kb.supervise.warden import Warden

_PR_SET_PDEATHSIG = 1
_LAST_WORDS_S = 1.0


class Child:
    """A running process that leads its own session and group. Make it with `Child.start`."""

    def __init__(self, process: asyncio.subprocess.Process, pump: asyncio.Task[None], warden: Warden) -> None:
        self.pid = process.pid
        self._process = process
        self._pump = pump
        self._warden = warden
        self._is_over = False

    @classmethod
    async def start(
        cls, argv: Sequence[str], environment: Mapping[str, str], output: Output, warden: Warden
    ) -> Self:
        """Start the program.

        Raises:
            OSError: it does not exist or may not be run, or the system has no room for another process.
        """
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        warden.watch(process.pid)
        return cls(process, asyncio.create_task(output.pump(read_end)), warden)

    async def wait(self) -> int:
        """Wait for its end, and end what is left of its group.

        Returns:
            The exit status; negative: the signal that ended it.
        """
        status = await self._process.wait()
        self.kill()
        self._is_over = True
        self._warden.forget(self.pid)
        # The pipe closes with the last process of the group; one that left the group must not keep us.
        await asyncio.wait({self._pump}, timeout=_LAST_WORDS_S)
        self._pump.cancel()
        return status

    def terminate(self) -> None:
        """Ask it to end. Only the leader: it knows in which order to end its own children."""
        if self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End the whole group at once."""
        if self._is_over:  # its number may be a stranger's by now
            return
        # Nobody is left; on macOS a group of zombies answers with "not permitted".
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _die_with_parent() -> Callable[[], None] | None:
    """What the new process does before it becomes the program: ask Linux to end it with its parent.

    The library is loaded here, before the fork: afterwards, very little is safe.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended between the fork and the line above
            os._exit(1)

    return arrange
