"""A model hub on this machine, which does what the test wants."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c" * 40


class Hub(ThreadingHTTPServer):
    """Has one file, `owner/repo/folder/model.gguf`, at any revision but `missing`.

    Attributes:
        content: what it sends.
        announced: the checksum that it tells; the content's own where nothing else is said.
        stops_after: bytes after which it says nothing more until `go_on` is set; None sends everything.
        breaks_off: in place of waiting there, it closes the connection.
        asked: method, path and range of every request.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.announced = hashlib.sha256(content).hexdigest()
        self.stops_after: int | None = None
        self.breaks_off = False
        self.ignores_ranges = False
        self.stopped, self.go_on = threading.Event(), threading.Event()
        self.asked: list[tuple[str, str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def ranges(self) -> list[str]:
        return [asked[2] for asked in self.asked if asked[0] == "GET"]


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._note()
        if "/resolve/missing/" in self.path or "/folder/model.gguf" not in self.path:
            self._say(404, {"X-Error-Code": "EntryNotFound"})
            return
        size = str(len(self.server.content))
        told = {"X-Linked-Etag": f'"{self.server.announced}"', "X-Linked-Size": size, "X-Repo-Commit": COMMIT}
        self._say(302, {**told, "Location": "/bytes/1"})

    def do_GET(self) -> None:
        self._note()
        if not self.path.startswith("/bytes/"):
            self._say(302, {"Location": "/bytes/1"})
            return
        ranged = self.headers.get("Range", "bytes=0-") if not self.server.ignores_ranges else "bytes=0-"
        start = int(ranged.removeprefix("bytes=").removesuffix("-"))
        self._say(206 if start else 200, {"Content-Length": str(len(self.server.content) - start)})
        stop = self.server.stops_after
        self.wfile.write(self.server.content[start:stop])
        if stop is not None:
            self.wfile.flush()
            self.server.stopped.set()
            if not self.server.breaks_off:
                self.server.go_on.wait(60)
                self.wfile.write(self.server.content[stop:])

    def log_message(self, *args: Any) -> None:
        pass

    def _note(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Range", "")))

    def _say(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def running_hub(content: bytes) -> Iterator[Hub]:
    hub = Hub(content)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.go_on.set()
        hub.shutdown()
        thread.join()
        hub.server_close()
