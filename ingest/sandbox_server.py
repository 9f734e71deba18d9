"""The fork server: a process with the parsers loaded that forks one limited child per document.

Started by `ingest.sandbox` with an empty environment. It reads requests from one socket, and for each sends
how the child ended. It never reads a document itself.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingest.parsers import ParsedDocument, ParseError, Parser, detect
from ingest.parsers.pictures import PageRequest, draw
from ingest.parsers.recognised import (
    RECOGNISED_FILE,
    RecognisingParser,
    dump_recognised,
    load_recognised,
)
from ingest.parsers.recognition import recognise
from ingest.parsers.wire import dump_document, dump_error
from ingest.sandbox_limits import (
    die_with_parent,
    leave_network,
    limit_resources,
    refuse_network_and_programs,
)

MAX_REQUEST_BYTES = 64 * 1024
EXIT_OUT_OF_MEMORY = 77
FORK_FAILED = 78
READY = b"ready"
KILL = b"kill"
# Documents make many objects and few cycles; at Python's own thresholds, looking for these is half the work.
GC_THRESHOLDS = (50_000, 20, 20)

DAMAGED = (
    "The file could not be read; it seems to be damaged. Open it in the program that made it, save it again "
    "and upload that."
)


class ForkServer:
    """One child per request; each child has a socket on which its client may ask for its end."""

    def __init__(self, control: socket.socket, parsers: Sequence[Parser]) -> None:
        self.pid = os.getpid()
        self.control = control
        self.parsers = parsers
        self.children: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.woken, wake = os.pipe()
        for fd in (self.woken, wake):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.selector.register(control, selectors.EVENT_READ)
        self.selector.register(self.woken, selectors.EVENT_READ)

    def serve(self) -> None:
        """Work until the client closes the control socket; the children end with this process."""
        self.control.send(READY)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.control:
                    if not self._accept():
                        return
                elif key.fileobj == self.woken:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.woken, 4096)
                else:
                    self._kill(key.data)
            self._reap()

    def _accept(self) -> bool:
        request, fds, _, _ = socket.recv_fds(self.control, MAX_REQUEST_BYTES, 2)
        if not request:
            return False
        result_fd, status_fd = fds
        status = socket.socket(fileno=status_fd)
        try:
            pid = os.fork()
        except OSError:
            _tell(status, FORK_FAILED)
            status.close()
        else:
            if pid == 0:
                _run_child(json.loads(request), result_fd, self.pid, self.parsers)
            self.children[pid] = status
            self.selector.register(status, selectors.EVENT_READ, pid)
        os.close(result_fd)
        return True

    def _kill(self, pid: int) -> None:
        """The client asks for the child's end, or is gone. The pid is still ours: only `_reap` frees it."""
        status = self.children.get(pid)
        if status is not None:
            self.selector.unregister(status)
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self.children:
            pid, wait_status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            status = self.children.pop(pid)
            with contextlib.suppress(KeyError):
                self.selector.unregister(status)
            _tell(status, os.waitstatus_to_exitcode(wait_status))
            status.close()


def _tell(status: socket.socket, exit_code: int) -> None:
    with contextlib.suppress(OSError):
        status.send(str(exit_code).encode())


def _run_child(request: dict[str, Any], result_fd: int, server_pid: int, parsers: Sequence[Parser]) -> None:
    """Parse one document in the forked process; does not return."""
    exit_code = 1
    try:
        die_with_parent(server_pid)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _keep_only(result_fd)
        os.chdir(request["directory"])
        os.environ.update(HOME=request["directory"], TMPDIR=request["directory"])
        # The parsers' own objects are never looked at again.
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        limit_resources(request["timeout_s"], request["memory_mb"])
        refuse_network_and_programs()
        answer = memoryview(_answer(request, parsers))
        while answer:
            answer = answer[os.write(result_fd, answer) :]
        exit_code = 0
    except MemoryError:
        exit_code = EXIT_OUT_OF_MEMORY
    finally:
        # Not sys.exit: nothing of the fork server may run twice.
        os._exit(exit_code)


def _answer(request: dict[str, Any], parsers: Sequence[Parser]) -> bytes:
    path = Path(request["path"])
    try:
        parser = detect(path, request["file_name"], parsers)
        if request["task"] == "picture":
            return draw(parser, path, PageRequest(**request["page"]))
        if request["task"] == "recognise":
            return dump_recognised([recognise(parser, path, **request["page"])])
        return dump_document(_parse(parser, path))
    except ParseError as error:
        return dump_error(error)
    except MemoryError:
        raise
    except Exception as error:
        # The message of the exception may quote the document, so only its type and place are told.
        frames = "".join(traceback.format_tb(error.__traceback__)[-8:])
        return dump_error(ParseError("unreadable", DAMAGED, f"{frames}{type(error).__name__}"))


def _parse(parser: Parser, path: Path) -> ParsedDocument:
    # In the child's own folder; there only when text recognition has been at work.
    recognised = Path(RECOGNISED_FILE)
    if isinstance(parser, RecognisingParser) and recognised.is_file():
        return parser.parse_recognised(path, load_recognised(recognised.read_bytes()))
    return parser.parse(path)


def _keep_only(kept_fd: int) -> None:
    """Close every file but the standard ones and one, among them the sockets of other documents."""
    for fd in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        if fd > 2 and fd != kept_fd:
            with contextlib.suppress(OSError):
                os.close(fd)


def main(control_fd: int, registry: str) -> None:
    """Load the parsers named "module:attribute" and serve."""
    module, _, attribute = registry.partition(":")
    parsers = getattr(importlib.import_module(module), attribute)
    # pypdf warns about every oddity of a file, which tells nobody anything.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    leave_network()
    gc.collect()
    ForkServer(socket.socket(fileno=control_fd), parsers).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
