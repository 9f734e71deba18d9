"""A data folder with a real database, and the real processes on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kb.exceptions import SearchUnavailableError
from kb.search.client import Health, Hit, SearchClient
from kb.secrets import internal_token

ROOT = Path(__file__).resolve().parents[2]
ENOUGH_S = 120.0
T = TypeVar("T")


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` gives as soon as it gives anything true."""
    deadline = time.monotonic() + ENOUGH_S
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


class Installation:
    """One data folder and the processes started on it, all of which `close` ends."""

    def __init__(self, data_dir: Path, redis_url: str, database_url: str = "") -> None:
        self.data_dir = data_dir
        self.environment = {
            **os.environ,
            "KB_DATA_DIR": str(data_dir),
            "KB_REDIS_URL": redis_url,
            "KB_DATABASE_URL": database_url,
            "PYTHONPATH": str(ROOT),
        }
        self.servers: list[Server] = []
        self._scribe = subprocess.Popen(
            [sys.executable, "-m", "tests.search.scribe"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reply()

    def tell(self, command: str, **arguments: Any) -> Any:
        """Have the scribe do something; gives its reply."""
        assert self._scribe.stdin is not None
        self._scribe.stdin.write(json.dumps([command, arguments]) + "\n")
        self._scribe.stdin.flush()
        return self._reply()

    def start_server(self) -> Server:
        self.servers.append(Server(self))
        return self.servers[-1]

    def check_index(self, *options: str, search_url: str = "") -> tuple[int, dict[str, Any]]:
        """Exit status and JSON of the command."""
        done = subprocess.run(
            [sys.executable, "manage.py", "check_index", "--json", *options],
            cwd=ROOT,
            env={**self.environment, "KB_SEARCH_URL": search_url},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    def manage(self, *arguments: str) -> subprocess.Popen[str]:
        """A management command, running."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True)

    def folders(self, name: str) -> list[str]:
        return sorted(path.name for path in (self.data_dir / "search" / name).glob("*"))

    def close(self) -> None:
        for server in self.servers:
            server.kill()
        self._scribe.communicate(timeout=ENOUGH_S)

    def _reply(self) -> Any:
        assert self._scribe.stdout is not None
        return json.loads(self._scribe.stdout.readline())


class Server:
    """A search server process on a free port."""

    def __init__(self, installation: Installation) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.client = SearchClient(self.url, internal_token(), ENOUGH_S)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "search_server", "--port", str(port)],
            cwd=ROOT,
            env=installation.environment,
        )

    def health(self) -> Health | None:
        assert self.process.poll() is None, "the server ended by itself"
        try:
            return self.client.health()
        except SearchUnavailableError:
            return None

    def until_at(self, seq: int) -> Health:
        def there() -> Health | None:
            health = self.health()
            return health if health is not None and health.status == "ok" and health.seq == seq else None

        return eventually(there)

    def hits(self, query: str, *collections: int) -> list[Hit]:
        return list(self.client.search(query, collections, 10, 100).hits)

    def terminate(self) -> int:
        """Exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._ended()

    def _ended(self) -> int:
        self.client.close()
        return self.process.wait(timeout=ENOUGH_S)
