"""The whole product, started once by `manage.py up` as a person would, with the demo documents in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from kb.quality.deployment import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
ADMIN, PASSWORD = "admin", "a password made for the tests"
START_S = 240


@dataclass(frozen=True)
class Site:
    """A running installation."""

    url: str
    data_dir: Path
    environment: dict[str, str]
    api_key: str
    process: subprocess.Popen[str]

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command,
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
        )

    def api(self, **parameters: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=120, **parameters)

    def pids_of(self, part: str) -> list[int]:
        """Processes of this installation whose command line holds `part`."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            ours = f"KB_DATA_DIR={self.data_dir}".encode() in environment.split(b"\0")
            if part in command and (ours or str(self.data_dir) in command):
                found.append(int(entry.name))
        return found


def start(data_dir: Path, **settings: str) -> Site:
    """Run `manage.py up` until its Ready line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    environment |= {
        "KB_DATA_DIR": str(data_dir),
        "KB_PORT": str(free_port()),
        "KB_ADMIN_USERNAME": ADMIN,
        "KB_ADMIN_PASSWORD": PASSWORD,
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    _share_models(data_dir)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ready: "):
            break
    else:
        pytest.fail("`manage.py up` did not become ready:\n" + "".join(lines[-40:]))
    site = Site(line.split()[1].rstrip("/"), data_dir, environment, "", process)
    made = site.manage("create_api_key", ADMIN, "--name", f"tests-{time.time()}", "--scopes", "read,write")
    return Site(site.url, data_dir, environment, made.stdout.strip().splitlines()[-1], process)


def _share_models(data_dir: Path) -> None:
    """Converting models takes half a minute; every installation of the tests uses one folder."""
    made = REPOSITORY / "var" / "models"
    made.mkdir(parents=True, exist_ok=True)
    if not (data_dir / "models").exists():
        (data_dir / "models").symlink_to(made)


def stop(site: Site) -> float:
    """Seconds until everything had stopped."""
    started = time.monotonic()
    site.process.send_signal(signal.SIGTERM)
    site.process.communicate(timeout=120)
    return time.monotonic() - started


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = start(tmp_path_factory.mktemp("site"), KB_DEMO="1")
    yield running
    stop(running)


@pytest.fixture
def demo(site: Site) -> int:
    """The id of the demo collection."""
    with site.api() as api:
        for collection in api.get("/collections/").json()["results"]:
            if collection["name"].startswith("Demo"):
                return int(collection["id"])
    raise AssertionError("no demo collection")


@pytest.fixture
def own_collection(site: Site) -> Iterator[int]:
    """The id of a new collection."""
    with site.api() as api:
        made = api.post("/collections/", json={"name": f"Own {time.time_ns()}"}).json()["id"]
        yield made
        api.delete(f"/collections/{made}/")


def upload(api: httpx.Client, collection: int, name: str, content: str | bytes) -> dict[str, Any]:
    """Upload and wait for the end of processing; the document."""
    raw = content.encode() if isinstance(content, str) else content
    reply = api.post(f"/collections/{collection}/documents/", files={"file": (name, raw)})
    assert reply.status_code == 202, reply.text
    return wait_for_document(api, reply.headers["Location"].removeprefix("/api/v1"))


def wait_for_document(api: httpx.Client, address: str) -> dict[str, Any]:
    document: dict[str, Any] = eventually(lambda: _ended(api.get(address).json()))
    return document


def _ended(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if document["status"] not in ("queued", "parsing", "embedding") else None


def eventually(probe: Callable[[], Any], timeout_s: float = 240) -> Any:
    """The first true result of the probe; failures of the connection count as not yet.

    It is long, because the machine may be busy with something else or stand still for a while.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            found = probe()
        except (httpx.HTTPError, json.JSONDecodeError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing within {timeout_s} s")


def kill(pids: list[int]) -> None:
    assert pids
    for pid in pids:
        with suppress(ProcessLookupError):  # a child that ended meanwhile
            os.kill(pid, signal.SIGKILL)


def events_of(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and data of each server-sent event."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
