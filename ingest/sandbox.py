"""Parsing in a process of its own: with limits, without network, and killed when it takes too long.

Not the `forkserver` of multiprocessing: that one inherits this process's environment with its secrets, runs
the main module again in each child, and refuses to work inside Celery's daemonic worker processes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import selectors
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.pictures import PageRequest, load_picture
from ingest.parsers.recognised import RECOGNISED_FILE, RecognisedPage, dump_recognised, load_page
from ingest.parsers.wire import load_document
from ingest.sandbox_client import Child, ForkServerProcess, ServerGoneError
from ingest.sandbox_folders import remove_left_folders, working_folder
from ingest.sandbox_server import EXIT_OUT_OF_MEMORY, FORK_FAILED
from kb.exceptions import KBError

logger = logging.getLogger(__name__)
Loaded = TypeVar("Loaded")

PRODUCT_PARSERS = "ingest.parsers:PARSERS"
MAX_RESULT_BYTES = 64 * 1024 * 1024
WAIT_INTERVAL_S = 1.0


class SandboxError(KBError):
    """No parsing process could be started: nothing is known about the document, and trying later may help."""

    code = "sandbox_unavailable"
    http_status = 503
    default_message = "The process that reads documents could not be started."


class Sandbox:
    """Parses files in limited child processes; one per worker process, used by any number of threads.

    Args:
        timeout_s: seconds of wall clock, and of CPU, for one document.
        memory_mb: MiB that one document may take beyond the loaded parsers.
        registry: "module:attribute" of the parsers, for tests.
        python_path: folders in which the registry's module is found besides this package.
    """

    def __init__(
        self,
        timeout_s: float = 300.0,
        memory_mb: int = 1024,
        *,
        registry: str = PRODUCT_PARSERS,
        python_path: Sequence[Path] = (),
        max_result_bytes: int = MAX_RESULT_BYTES,
    ) -> None:
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self.max_result_bytes = max_result_bytes
        self._registry = registry
        self._python_path = tuple(python_path)
        self._server: ForkServerProcess | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the fork server and with it every running child; the next `parse` starts another."""
        with self._lock:
            if self._server is not None:
                self._server.stop()
                self._server = None

    def parse(
        self,
        path: Path,
        file_name: str,
        on_wait: Callable[[], None] | None = None,
        recognised: Sequence[RecognisedPage] = (),
    ) -> ParsedDocument:
        """Parse a file in a child process.

        Args:
            path: the stored file.
            file_name: the name it was uploaded under; its extension helps to tell the format.
            on_wait: called about every second while the child works; what it raises ends the child.
            recognised: what text recognition found on pages that are pictures.

        Raises:
            ParseError: by the parser, or timeout, out_of_memory, crashed, output_too_large.
            SandboxError: no child could be started.
        """
        with working_folder() as directory:
            if recognised:
                (Path(directory) / RECOGNISED_FILE).write_bytes(dump_recognised(recognised))
            return _sound(load_document, self._answer(path, file_name, directory, on_wait, "parse"))

    def picture(
        self, path: Path, file_name: str, page: PageRequest, on_wait: Callable[[], None] | None = None
    ) -> bytes:
        """Draw a page in a child process.

        Returns:
            A PNG.

        Raises:
            ParseError: as by `parse`; no_page where the file has no such page or no pages at all.
            SandboxError: no child could be started.
        """
        with working_folder() as directory:
            answer = self._answer(path, file_name, directory, on_wait, "picture", asdict(page))
        return _sound(load_picture, answer)

    def recognise(
        self,
        path: Path,
        file_name: str,
        number: int,
        languages: Sequence[str],
        on_wait: Callable[[], None] | None = None,
    ) -> RecognisedPage:
        """Recognise the text of page `number` (from 1) in a child process.

        Raises:
            ParseError: as by `parse`; no_page; ocr_unavailable.
            SandboxError: no child could be started.
        """
        wanted = {"number": number, "languages": list(languages)}
        with working_folder() as directory:
            answer = self._answer(path, file_name, directory, on_wait, "recognise", wanted)
        return _sound(load_page, answer)

    def _answer(
        self,
        path: Path,
        file_name: str,
        directory: str,
        on_wait: Callable[[], None] | None,
        task: str,
        page: dict[str, Any] | None = None,
    ) -> bytes:
        request = {
            "task": task,
            "page": page,
            "path": str(path.resolve()),
            "file_name": file_name[-200:],
            "directory": directory,
            "timeout_s": self.timeout_s,
            "memory_mb": self.memory_mb,
        }
        return self._run(json.dumps(request).encode(), on_wait)

    def _run(self, request: bytes, on_wait: Callable[[], None] | None) -> bytes:
        # A fork server that is killed takes its children with it. That says nothing about the document the
        # first time.
        for _ in range(2):
            server = self._running_server()
            try:
                with server.fork(request) as child:
                    exit_code, answer = self._wait(child, on_wait)
            except ServerGoneError:
                logger.warning("The fork server ended while a document was parsed")
                self._retire(server)
            else:
                _judge(exit_code)
                return answer
        raise _crashed("twice")

    def _running_server(self) -> ForkServerProcess:
        with self._lock:
            server = self._server
            if server is not None and not server.is_ours_and_alive():
                server.stop()
                server = None
            if server is None:
                remove_left_folders()
                try:
                    server = ForkServerProcess(self._registry, self._python_path)
                except OSError as error:
                    raise SandboxError() from error
            self._server = server
            return server

    def _retire(self, server: ForkServerProcess) -> None:
        with self._lock:
            server.stop()
            if self._server is server:
                self._server = None

    def _wait(self, child: Child, on_wait: Callable[[], None] | None) -> tuple[int, bytes]:
        answer = bytearray()
        started = time.monotonic()
        tick = started + WAIT_INTERVAL_S
        with selectors.DefaultSelector() as selector:
            selector.register(child.status, selectors.EVENT_READ)
            selector.register(child.result_fd, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                if now - started >= self.timeout_s:
                    raise _timeout()
                ready = {key.fileobj for key, _ in selector.select(min(tick, started + self.timeout_s) - now)}
                if child.result_fd in ready and not child.read_into(answer):
                    selector.unregister(child.result_fd)
                if len(answer) > self.max_result_bytes:
                    raise _too_large()
                if child.status in ready:
                    exit_code = child.exit_code()
                    while child.read_into(answer):
                        pass
                    return exit_code, bytes(answer)
                if time.monotonic() >= tick:
                    if on_wait is not None:
                        on_wait()
                    tick = time.monotonic() + WAIT_INTERVAL_S


def _sound(load: Callable[[bytes], Loaded], answer: bytes) -> Loaded:
    try:
        return load(answer)
    except ValueError as error:
        raise ParseError("crashed", "Reading the file gave an unsound result.", str(error)) from error


def _judge(exit_code: int) -> None:
    """Raises ParseError or SandboxError unless the child ended well."""
    if exit_code == 0:
        return
    if exit_code == EXIT_OUT_OF_MEMORY:
        raise ParseError(
            "out_of_memory",
            "Reading the file took more memory than allowed, so it was stopped. It may be damaged, or so "
            "large that it should be split.",
        )
    if exit_code == FORK_FAILED:
        raise SandboxError()
    if exit_code == -signal.SIGXCPU:
        raise _timeout()
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            raise _crashed(signal.Signals(-exit_code).name)
    raise _crashed(f"exit code {exit_code}")


def _timeout() -> ParseError:
    return ParseError(
        "timeout",
        "Reading the file took too long, so it was stopped. It may be damaged, or so large that it should be "
        "split.",
    )


def _too_large() -> ParseError:
    return ParseError(
        "output_too_large", "The file holds more text than can be taken in. Split it and upload the parts."
    )


def _crashed(detail: str) -> ParseError:
    """`detail`: how it ended, for the worker's log."""
    return ParseError(
        "crashed",
        "The program that reads such files broke down over this one. The file may be damaged: open it in the "
        "program that made it, save it again and upload that, or save it as PDF.",
        detail,
    )
