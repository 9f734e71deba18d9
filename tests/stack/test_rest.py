"""The main job over REST, against the running product."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.stack.conftest import Site, events_of, eventually, upload

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

POLICY = "# Parking\n\nParking permits cost 45 EUR a month. Visitors park for free on level Q7.\n"


def found(api: httpx.Client, collection: int, query: str) -> list[str]:
    reply = api.post("/search/", json={"query": query, "collections": [collection]})
    assert reply.status_code == 200, reply.text
    return [hit["text"] for hit in reply.json()["hits"]]


def test_upload_search_answer_delete(site: Site, own_collection: int) -> None:
    with site.api() as api:
        document = upload(api, own_collection, "parking.md", POLICY)
        assert (document["status"], document["title"]) == ("ready", "Parking")
        texts = eventually(lambda: found(api, own_collection, "What does a parking permit cost?"))
        assert "45 EUR" in texts[0]

        question = {"question": "What does a parking permit cost?", "collections": [own_collection]}
        answer = api.post("/answers/", json=question).json()
        assert not answer["abstained"], answer
        assert any(sentence["supported"] for sentence in answer["sentences"])
        for citation in answer["citations"]:
            assert POLICY[citation["start"] : citation["end"]] == citation["quote"]

        assert api.delete(f"/documents/{document['id']}/").status_code == 204
        assert found(api, own_collection, "What does a parking permit cost?") == []
        again = api.post("/answers/", json=question).json()
        assert again["abstained"]
        assert again["citations"] == []


def test_streamed_answer_comes_as_events_and_ends_with_the_stored_one(site: Site, demo: int) -> None:
    body = {
        "question": "How many days do customers have to return a product?",
        "collections": [demo],
        "stream": True,
        # Another test on the same site may have approved an answer to it.
        "verified": False,
    }
    with site.api() as api:
        with api.stream("POST", "/answers/", json=body) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["x-accel-buffering"] == "no"
            events = list(events_of(response))
        names = [name for name, _ in events]
        assert names[0] == "retrieval"
        assert names[-1] == "done"
        assert "sentence" in names
        done = events[-1][1]
        stored = api.get(f"/conversations/{done['conversation']}/").json()["messages"][0]
        assert stored == done
        assert done["timings_ms"]["ttft"] > 0
        assert done["usage"]["prompt_tokens"] > 0


def test_closed_connection_frees_the_model_and_keeps_the_part(site: Site, demo: int) -> None:
    """Case 41."""
    body = {"question": "Explain the travel policy in detail.", "collections": [demo], "stream": True}
    with site.api() as api:
        with api.stream("POST", "/answers/", json=body) as response:
            for name, data in events_of(response):
                if name == "retrieval":
                    conversation = data["conversation"]
                if name == "delta":
                    break
        [message] = eventually(
            lambda: [
                one
                for one in api.get(f"/conversations/{conversation}/").json()["messages"]
                if one["outcome"] != "running"
            ],
        )
        assert message["stopped"]


def test_official_openai_client_streams_an_answer(site: Site, demo: int) -> None:
    client = OpenAI(base_url=f"{site.url}/v1", api_key=site.api_key)
    models = [model.id for model in client.models.list()]
    assert "kb" in models
    [name] = [model for model in models if "demo" in model]
    question: Any = [{"role": "user", "content": "How many days do customers have to return a product?"}]
    chunks: list[Any] = list(client.chat.completions.create(model=name, messages=question, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].kb["citations"]
    whole: Any = client.chat.completions.create(model=name, messages=question)
    assert whole.choices[0].message.content == text
    assert whole.choices[0].message.kb["citations"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"question": ""}, 400, "invalid"),
        ({"question": "x" * 10_000}, 400, "invalid"),
        ({"question": "Hello?", "collections": [987654]}, 404, "not_found"),
        ({"question": "Hello?", "conversation": "00000000-0000-4000-8000-000000000000"}, 404, "not_found"),
        ({}, 400, "invalid"),
        ([], 400, "invalid"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_bad_question_has_its_true_status(
    site: Site, body: object, status: int, code: str, stream: bool
) -> None:
    """Case 27."""
    headers = {"Accept": "text/event-stream"} if stream else {}
    with site.api() as api:
        reply = api.post("/answers/", json=body, headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_wrong_key_is_refused_everywhere(site: Site) -> None:
    for path in ("/api/v1/collections/", "/v1/models"):
        reply = httpx.get(site.url + path, headers={"Authorization": "Bearer kb_wrong"}, timeout=60)
        assert reply.status_code == 401


def test_body_that_names_no_length_is_cut_off(site: Site, own_collection: int) -> None:
    """Case 26."""

    def endless() -> object:
        for _ in range(200):
            yield b"x" * (1 << 20)

    with site.api() as api:
        try:
            reply = api.post(f"/collections/{own_collection}/documents/", content=endless())  # type: ignore[arg-type]
        except httpx.WriteError:
            return  # cut off before the answer could be read
        assert reply.status_code == 413


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("empty.md", b"", "failed"),
        ("binary.md", bytes(range(256)) * 50, "failed"),
        ("broken.pdf", b"%PDF-1.7\nnonsense", "failed"),
    ],
)
def test_bad_file_fails_with_a_reason(
    site: Site, own_collection: int, name: str, content: bytes, status: str
) -> None:
    """Case 14."""
    with site.api() as api:
        document = upload(api, own_collection, name, content)
        assert document["status"] == status
        assert len(document["failure_reason"]) > 20
        retried = api.post(f"/documents/{document['id']}/retry/")
        assert retried.status_code == 202
