"""kill -9, wherever it hurts; on an installation of its own, so that other tests are left alone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Any

import httpx
import pytest

from tests.stack.conftest import Site, events_of, eventually, kill, start, stop, upload, wait_for_document

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

POLICY = "# Parking\n\nParking permits cost 45 EUR a month. Visitors park for free on level Q7.\n"
QUERY = {"query": "What does a parking permit cost?"}


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = start(tmp_path_factory.mktemp("fragile"), KB_DEMO="0", KB_LEASE_S="5")
    yield running
    stop(running)


@pytest.fixture(scope="module")
def api(fragile: Site) -> Iterator[httpx.Client]:
    with fragile.api() as client:
        yield client


@pytest.fixture(scope="module")
def collection(api: httpx.Client) -> int:
    made = api.post("/collections/", json={"name": "Fragile"}).json()["id"]
    upload(api, made, "parking.md", POLICY)
    eventually(lambda: hits(api))
    return int(made)


def hits(api: httpx.Client) -> list[tuple[int, float]] | None:
    reply = api.post("/search/", json=QUERY)
    if reply.status_code != 200:
        return None
    return [(hit["chunk_id"], round(hit["rrf_score"], 6)) for hit in reply.json()["hits"]]


def test_killed_search_server_comes_back_with_the_same_results(
    fragile: Site, api: httpx.Client, collection: int
) -> None:
    """Case 36."""
    before = hits(api)
    kill(fragile.pids_of("search_server"))
    reply = api.post("/search/", json=QUERY)
    assert reply.status_code in (200, 503)
    if reply.status_code == 503:
        assert reply.json()["error"]["code"] == "search_unavailable"
        assert reply.headers["Retry-After"]
    assert eventually(lambda: hits(api)) == before
    assert fragile.manage("check_index").returncode == 0


def test_deleted_then_everything_killed_stays_deleted(
    fragile: Site, api: httpx.Client, collection: int
) -> None:
    """Case 34."""
    document = upload(api, collection, "secret.md", "# Vault\n\nThe vault code is 7716-ALPHA.\n")
    query = {"query": "vault code 7716-ALPHA", "collections": [collection]}

    def vault() -> list[Any]:
        return [hit for hit in api.post("/search/", json=query).json()["hits"] if "7716" in hit["text"]]

    assert eventually(vault)
    assert api.delete(f"/documents/{document['id']}/").status_code == 204
    kill(fragile.pids_of("search_server") + fragile.pids_of("celery"))
    eventually(lambda: hits(api))
    assert vault() == []


def test_worker_killed_in_the_middle_ends_ready_once(
    fragile: Site, api: httpx.Client, collection: int
) -> None:
    """Cases 30 and 33."""
    text = "\n\n".join(
        f"## Section {n}\n\n" + f"Rule {n} says that item {n} costs {n} EUR. " * 30 for n in range(150)
    )
    reply = api.post(f"/collections/{collection}/documents/", files={"file": ("long.md", text.encode())})
    address = reply.headers["Location"].removeprefix("/api/v1")
    eventually(lambda: api.get(address).json()["status"] != "queued")
    kill(fragile.pids_of("celery"))
    document = wait_for_document(api, address)
    assert document["status"] == "ready"
    chunks = api.get(f"{address}chunks/", params={"page_size": 500}).json()
    assert chunks["count"] == document["chunk_count"] > 50
    eventually(lambda: fragile.manage("check_index", check=False).returncode == 0)


def test_worker_killed_while_it_unpacks_loses_no_file_and_takes_none_twice(
    fragile: Site, api: httpx.Client, collection: int
) -> None:
    """Cases 11 and 30."""
    files, packed = 300, BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(files):
            archive.writestr(
                f"notes/{number}.md", f"# Note {number}\n\nNote {number} lies in box {number * 3}."
            )
    reply = api.post(
        f"/collections/{collection}/documents/", files={"file": ("notes.zip", packed.getvalue())}
    )
    assert (reply.status_code, reply.json()["document"]["kind"]) == (202, "archive")
    address = reply.headers["Location"].removeprefix("/api/v1")
    for at in (20, 120):
        eventually(partial(_is_past, api, address, at), 60)
        kill(fragile.pids_of("celery"))
    assert _unpacked(api, address) < files
    archive_row = wait_for_document(api, address)
    assert (archive_row["status"], archive_row["failure_reason"]) == ("ready", "")
    members = api.get(f"{address}members/", params={"page_size": 500}).json()["results"]
    assert len({row["document"] for row in members if row["created"]}) == files
    found = eventually(lambda: (rows := _ready_notes(api, collection)) and len(rows) >= files and rows, 120)
    assert len(found) == len({row["external_id"] for row in found}) == files
    assert {row["version"] for row in found} == {1}


def _ready_notes(api: httpx.Client, collection: int) -> list[dict[str, Any]]:
    reply = api.get(f"/collections/{collection}/documents/", params={"page_size": "500", "status": "ready"})
    return [row for row in reply.json()["results"] if row["external_id"].startswith("notes.zip/")]


def _is_past(api: httpx.Client, address: str, number: int) -> bool:
    return _unpacked(api, address) >= number


def _unpacked(api: httpx.Client, address: str) -> int:
    return int((api.get(address).json()["progress"] or {"current": 0})["current"])


def test_killed_model_gives_an_error_and_the_next_answer_works(
    fragile: Site, api: httpx.Client, collection: int
) -> None:
    """Case 42."""
    body = {"question": "What does a parking permit cost?", "collections": [collection], "stream": True}
    with api.stream("POST", "/answers/", json=body) as response:
        for name, _ in events_of(response):
            if name == "retrieval":
                kill(fragile.pids_of("llm_server"))
            last = name
    assert last == "error"
    newest = api.get("/conversations/").json()["results"][0]["id"]
    [message] = api.get(f"/conversations/{newest}/").json()["messages"]
    assert message["outcome"] == "failed"
    body["stream"] = False
    answered = eventually(
        lambda: (reply := api.post("/answers/", json=body)).status_code == 200 and reply.json()
    )
    assert answered["outcome"] in ("answered", "abstained")


def test_killed_redis_loses_no_upload(fragile: Site, api: httpx.Client, collection: int) -> None:
    """Case 33."""
    kill(fragile.pids_of("valkey-server"))
    reply = api.post(
        f"/collections/{collection}/documents/", files={"file": ("late.md", b"# Late\n\nToo late.")}
    )
    assert reply.status_code == 202
    assert api.get("/collections/").status_code == 200
    document = wait_for_document(api, reply.headers["Location"].removeprefix("/api/v1"))
    assert document["status"] == "ready"
