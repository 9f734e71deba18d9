"""This side of the fork server: starting it, asking for a child, ending either."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import ingest
from ingest.sandbox_server import KILL, READY

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
READ_BYTES = 1024 * 1024

# Everything else stays out of the processes that read documents, secrets above all.
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR", "TESSDATA_PREFIX")


class ServerGoneError(Exception):
    """The fork server has ended."""


class Child:
    """A process that parses one document. Leaving the context makes sure that it has ended."""

    def __init__(self, server: ForkServerProcess, status: socket.socket, result_fd: int) -> None:
        self.server = server
        self.status = status
        self.result_fd = result_fd
        self._ended = False

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            if not self._ended:
                self._end()
        finally:
            self.status.close()
            os.close(self.result_fd)

    def read_into(self, answer: bytearray) -> bool:
        """Append what the child has written; False at the end, or when a dead child has left nothing more."""
        try:
            piece = os.read(self.result_fd, READ_BYTES)
        except BlockingIOError:
            return False
        answer += piece
        return bool(piece)

    def exit_code(self) -> int:
        """Wait for the end of the child: its exit code, or the negative number of the signal that ended it.

        Raises:
            ServerGoneError: nobody is left to tell.
        """
        try:
            told = self.status.recv(32)
        except ConnectionError:
            told = b""
        self._ended = True
        if not told:
            raise ServerGoneError
        return int(told)

    def _end(self) -> None:
        self.status.settimeout(STOP_TIMEOUT_S)
        try:
            self.status.send(KILL)
            self.exit_code()
        except TimeoutError:
            # The fork server hangs; its end is also the child's.
            self.server.stop()
        except (OSError, ServerGoneError):
            pass


class ForkServerProcess:
    """A running `ingest.sandbox_server`.

    Raises:
        OSError: it did not start.
    """

    def __init__(self, registry: str, python_path: Sequence[Path]) -> None:
        self.owner_pid = os.getpid()
        # Messages keep their borders, and each is sent whole, so threads need no lock.
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # The registry is the program's own, not a user's.
            self.process = subprocess.Popen(  # noqa: S603
                # -P: nothing is imported from the working directory.
                [sys.executable, "-P", "-m", "ingest.sandbox_server", str(theirs.fileno()), registry],
                pass_fds=[theirs.fileno()],
                env=_environment(python_path),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C goes to this process, which ends the other by closing the socket.
                start_new_session=True,
            )
        self._finalizer = weakref.finalize(self, _stop, self.owner_pid, self.process, self.control)
        self.control.settimeout(START_TIMEOUT_S)
        with contextlib.suppress(ConnectionError):
            if self.control.recv(32) == READY:
                return
        self.stop()
        raise OSError("the fork server ended at its start")

    def is_ours_and_alive(self) -> bool:
        """False also in a process that was forked from the one that started it."""
        return self.owner_pid == os.getpid() and self.process.poll() is None

    def fork(self, request: bytes) -> Child:
        """Have a child parse one document.

        Raises:
            ServerGoneError: the fork server has ended.
        """
        result_fd, write_fd = os.pipe()
        os.set_blocking(result_fd, False)
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            socket.send_fds(self.control, [request], [write_fd, theirs.fileno()])
        except OSError as error:
            status.close()
            os.close(result_fd)
            raise ServerGoneError from error
        finally:
            theirs.close()
            os.close(write_fd)
        return Child(self, status, result_fd)

    def stop(self) -> None:
        """End the process; its children end with it."""
        self._finalizer()


def _environment(python_path: Sequence[Path]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    package_root = Path(ingest.__file__).resolve().parent.parent
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(map(str, (package_root, *python_path))),
        "PYTHONUTF8": "1",
        # A child may start no thread, and text recognition would wait for those it cannot have.
        "OMP_THREAD_LIMIT": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _stop(owner_pid: int, process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    if os.getpid() != owner_pid:
        # A forked copy of the owner closes its copy of the socket and leaves the process to the owner.
        return
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
