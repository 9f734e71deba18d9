from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import httpx
import pytest

from kb.exceptions import InvalidInputError, SearchUnavailableError
from kb.search.client import Health, Hit, SearchClient
from kb.search.engine.errors import VectorStoreDownError
from kb.search.engine.types import Row, SearchResult
from kb.search.errors import IndexLoadingError
from kb.search.keeper import State
from kb.search.tail import Position
from tests.search.fakes import FakeEngine
from tests.search.serving import PATIENT_S, TOKEN, CutOffTailer, Running, SteadyTailer, StillKeeper, engine


def test_search_gives_hits_seq_and_timings(client: SearchClient) -> None:
    reply = client.search("hotel", [1, 2], limit=4, candidates=10)

    assert reply.hits[0] == Hit(chunk_id=10, rrf_score=1 / 60, cosine=0.5, bm25=None)
    assert [hit.chunk_id for hit in reply.hits] == [10, 11, 12, 20]
    assert (reply.seq, reply.timings_ms) == (42, {"encode": 0.0})


def test_search_looks_only_into_the_named_collections(client: SearchClient) -> None:
    """Case 3."""
    assert [hit.chunk_id for hit in client.search("hotel", [2], 10, 10).hits] == [20, 21, 22]


def test_texts_are_encoded_with_the_name_of_the_model(client: SearchClient) -> None:
    found = client.encode(["a hotel", "a flight"])

    assert found.model == "tiny@1"
    assert [len(vector) for vector in found.vectors] == [4, 4]


@pytest.mark.parametrize("texts", [[], [""], ["x" * 4001], ["x"] * 257, [7]])
def test_texts_that_cannot_be_encoded_are_refused(client: SearchClient, texts: Any) -> None:
    with pytest.raises(InvalidInputError, match="texts"):
        client.encode(texts)


def test_no_collections_match_nothing(client: SearchClient) -> None:
    """Fail closed."""
    assert client.search("hotel", [], 10, 10).hits == ()


@pytest.mark.parametrize(("content", "status"), [(b"{", 400), (b"[]", 400), (b" " * (1024 * 1024 + 1), 413)])
def test_bad_body_is_answered_in_json(server: Running, content: bytes, status: int) -> None:
    response = httpx.post(
        f"{server.url}/search",
        content=content,
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=PATIENT_S,
    )

    assert response.status_code == status
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/search"), ("POST", "/encode"), ("GET", "/ids"), ("POST", "/rebuild")]
)
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", TOKEN, "Bearer"])
def test_without_the_token_nothing_is_told(
    server: Running, method: str, path: str, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    response = httpx.request(
        method,
        server.url + path,
        headers=headers,
        json={"query": "hotel", "collections": [1]},
        timeout=PATIENT_S,
    )

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_authenticated"


def test_unknown_path_and_method_are_answered_in_json(server: Running) -> None:
    assert httpx.get(f"{server.url}/nothing", timeout=PATIENT_S).json()["error"]["code"] == "not_found"
    response = httpx.get(f"{server.url}/search", timeout=PATIENT_S)
    assert (response.status_code, response.json()["error"]["code"]) == (405, "invalid")


def test_health_tells_strangers_only_the_status(server: Running) -> None:
    assert httpx.get(f"{server.url}/health", timeout=PATIENT_S).json() == {"status": "ok"}


def test_health_tells_what_runs(client: SearchClient) -> None:
    assert client.health() == Health(
        status="ok",
        device="cpu",
        encoder_backend="by hand",
        encoder_agreement={"mean_cosine": 0.99998, "least_cosine": 0.99991, "overlap": 0.995},
        encoder_refused=["Something faster: it agrees too little"],
        vector_search="exact",
        model="tiny@1",
        generation=5,
        seq=42,
        chunks=6,
        lag=3,
    )


def test_health_and_search_answer_without_the_database(client: SearchClient, keeper: StillKeeper) -> None:
    keeper.state = State("ok", tailer=CutOffTailer(engine(), 5, Position(42, "then")))

    assert (client.health().status, client.health().lag) == ("ok", None)
    assert len(client.search("hotel", [1], 10, 10).hits) == 3


def test_failed_server_says_why_to_the_admin_only(
    server: Running, client: SearchClient, keeper: StillKeeper
) -> None:
    keeper.state = State("failed", "The model in /somewhere is missing.")

    assert client.health().reason == "The model in /somewhere is missing."
    assert httpx.get(f"{server.url}/health", timeout=PATIENT_S).json() == {"status": "failed"}
    with pytest.raises(SearchUnavailableError) as caught:
        client.search("hotel", [1], 10, 10)
    assert "somewhere" not in caught.value.message


def test_server_whose_vector_store_is_away_says_so(
    server: Running, client: SearchClient, keeper: StillKeeper
) -> None:
    class Cut(FakeEngine):
        def search(self, *args: Any) -> SearchResult:
            raise VectorStoreDownError(self.trouble)

    keeper.state = State(
        "ok", tailer=SteadyTailer(Cut(trouble="No answer from vectors.internal."), 5, Position())
    )
    assert (client.health().status, client.health().reason) == ("failed", "No answer from vectors.internal.")
    assert httpx.get(f"{server.url}/health", timeout=PATIENT_S).json() == {"status": "failed"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = {"query": "hotel", "collections": [1], "limit": 5, "candidates": 5}
    refused = httpx.post(f"{server.url}/search", json=body, headers=headers, timeout=PATIENT_S)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "vector_store_unavailable")


def test_failing_engine_is_unavailable_and_logged(
    client: SearchClient, keeper: StillKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeEngine):
        def search(self, *args: Any) -> SearchResult:
            raise RuntimeError("index exploded")

    keeper.state = State("ok", tailer=SteadyTailer(Broken(), 5, Position()))
    with pytest.raises(SearchUnavailableError):
        client.search("hotel", [1], 10, 10)

    assert "index exploded" in caplog.text


def test_ids_are_streamed_with_their_position(client: SearchClient, keeper: StillKeeper) -> None:
    big = FakeEngine()
    big.replace_document(1, 1, [Row(number, b"", "", "", "") for number in range(25_000)])
    big.commit()
    keeper.state = State("ok", tailer=SteadyTailer(big, 5, Position(42, "then")))
    with client.chunks() as (generation, seq, chunks):
        assert (generation, seq) == (5, 42)
        assert list(chunks) == [(number, 1) for number in range(25_000)]


def test_rebuild_is_passed_on(client: SearchClient, keeper: StillKeeper) -> None:
    client.rebuild()
    assert keeper.ordered


def test_rebuild_of_an_index_that_is_not_there_is_refused(client: SearchClient, keeper: StillKeeper) -> None:
    keeper.state = State("loading")
    with pytest.raises(IndexLoadingError):
        client.rebuild()
    assert not keeper.ordered


def test_lifespan_starts_and_stops_the_keeper(keeper: StillKeeper) -> None:
    with closing(Running(keeper)) as running:
        httpx.get(f"{running.url}/health", timeout=PATIENT_S)
        assert keeper.running
    assert not keeper.running


def test_more_searches_than_may_wait_are_refused_at_once(
    client: SearchClient, keeper: StillKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 28."""
    monkeypatch.setattr("kb.search.server._MAX_WAITING", 1)
    entered, leave = threading.Event(), threading.Event()

    class Slow(FakeEngine):
        def search(self, *args: Any) -> SearchResult:
            entered.set()
            leave.wait(PATIENT_S)
            return SearchResult([], {})

    keeper.state = State("ok", tailer=SteadyTailer(Slow(), 5, Position()))
    first = threading.Thread(target=client.search, args=("hotel", [1], 10, 10))
    first.start()
    assert entered.wait(PATIENT_S)
    with pytest.raises(SearchUnavailableError):
        client.search("hotel", [1], 10, 10)
    leave.set()
    first.join()

    assert client.search("hotel", [1], 10, 10).hits == ()
