"""The model server as its own process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from kb.secrets import internal_token
from tests.llm.fakes import eventually

ROOT = Path(__file__).resolve().parents[2]
# Generous: other tests may use the processors meanwhile.
ENOUGH_S = 120.0


class Process:
    """`manage.py llm_server` on this port, or a free one, with these settings."""

    def __init__(self, data_dir: Path, *, port: int = 0, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", port)) as probe:
            port = probe.getsockname()[1]
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.token = internal_token()
        self.headers = {"Authorization": f"Bearer {self.token}"}
        self.popen = subprocess.Popen(
            [sys.executable, "manage.py", "llm_server", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "KB_DATA_DIR": str(data_dir), **settings},
        )

    def health(self) -> dict[str, Any]:
        assert self.popen.poll() is None, "the server ended by itself"
        try:
            found: dict[str, Any] = httpx.get(
                f"{self.url}/health", headers=self.headers, timeout=ENOUGH_S
            ).json()
        except httpx.ConnectError:
            return {}
        return found

    def until(self, status: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            health = self.health()
            return health if health.get("status") == status else None

        return eventually(there, ENOUGH_S) or {}

    def counts(self) -> tuple[int, int]:
        health = self.health()
        return health["active"], health["waiting"]

    def post(self, **body: Any) -> httpx.Response:
        url = f"{self.url}/v1/chat/completions"
        return httpx.post(url, json=body, headers=self.headers, timeout=ENOUGH_S)

    def terminate(self) -> float:
        """Seconds until the process had ended, with status 0."""
        started_s = time.monotonic()
        self.popen.terminate()
        assert self.popen.wait(ENOUGH_S) == 0
        return time.monotonic() - started_s

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(ENOUGH_S)
