"""Starting and stopping."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack.conftest import Site, eventually, start, stop

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

PARTS = ("search_server", "llm_server", "celery", "valkey-server", "uvicorn")


def test_stop_leaves_no_process_and_the_next_start_keeps_everything(tmp_path: Path, site: Site) -> None:
    """Beside the session's site: two installations run side by side."""
    first = start(tmp_path, KB_DEMO="0")
    for part in PARTS:
        assert first.pids_of(part), part
    with first.api() as api:
        api.post("/collections/", json={"name": "Kept"})
    assert stop(first) < 30  # a person waits ten seconds; a busy machine may need more
    for part in PARTS:
        assert first.pids_of(part) == [], part
    assert not list(tmp_path.rglob("*.part"))

    second = start(tmp_path, KB_DEMO="0")
    with second.api() as api:
        assert [row["name"] for row in api.get("/collections/").json()["results"]] == ["Kept"]
    stop(second)


def test_model_that_is_missing_leaves_search_and_pages_up(tmp_path: Path) -> None:
    """Case 43."""
    site = start(tmp_path, KB_DEMO="0", KB_LLM_MODEL=str(tmp_path / "truncated.gguf"))
    try:
        with site.api() as api:
            made = api.post("/collections/", json={"name": "Kept"}).json()["id"]
            api.post(
                f"/collections/{made}/documents/", files={"file": ("a.md", b"# A\n\nParking costs 45 EUR.")}
            )
            question = {"question": "What does parking cost?"}
            eventually(lambda: api.post("/search/", json={"query": "parking"}).json()["hits"])
            reply = api.post("/answers/", json=question)
            assert reply.status_code == 503
            assert reply.json()["error"]["code"] == "llm_unavailable"
    finally:
        stop(site)
