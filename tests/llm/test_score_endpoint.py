"""Asking the model server, and through the client, how likely given continuations are."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from kb.exceptions import LLMBusyError, LLMUnavailableError, PromptTooLongError
from kb.llm.client import OpenAIClient
from kb.llm.errors import NotOfferedError
from kb.llm.scores import Score
from tests.llm.endpoint import Reply, endpoint
from tests.llm.fakes import AUTHORIZED, PATIENT_S, TOKEN, FakeEngine, Running, eventually

HELLO = [{"role": "user", "content": "one two three"}]
YES_NO = ["Yes", "No it does not"]


@pytest.fixture
def client(server: Running) -> OpenAIClient:
    return OpenAIClient(f"{server.url}/v1", TOKEN, timeout_s=PATIENT_S)


def post(server: Running, **fields: Any) -> httpx.Response:
    body = {"messages": HELLO, "continuations": YES_NO, **fields}
    return httpx.post(f"{server.url}/v1/score", json=body, headers=AUTHORIZED, timeout=PATIENT_S)


def scoring(engine: FakeEngine, number: int = 0) -> threading.Thread:
    """Scores what comes as this generation."""

    def score() -> None:
        engine.generation(number).score((-0.5,), (-1.0, -2.0, -0.25))

    thread = threading.Thread(target=score)
    thread.start()
    return thread


def test_each_continuation_gets_its_sum_and_its_tokens(server: Running, engine: FakeEngine) -> None:
    thread = scoring(engine)
    told = post(server).json()
    thread.join()

    assert (told["object"], told["model"]) == ("score", "fake-model")
    assert told["results"] == [
        {"text": "Yes", "tokens": 1, "logprob": -0.5, "token_logprobs": [-0.5]},
        {"text": "No it does not", "tokens": 3, "logprob": -3.25, "token_logprobs": [-1.0, -2.0, -0.25]},
    ]
    assert told["usage"]["prompt_tokens"] == 3
    assert told["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}
    assert engine.generations[0].prompt.continuations == ((0,), (0, 1, 2, 3))
    metrics = httpx.get(f"{server.url}/metrics", headers=AUTHORIZED, timeout=PATIENT_S).text
    assert 'kb_llm_answers_total{reason="scored"} 1.0' in metrics


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"continuations": []}, "continuations"),
        ({"continuations": ["Yes", ""]}, "continuations"),
        ({"continuations": ["Yes"] * 17}, "1 to 16"),
        ({"continuations": ["y" * 1001]}, "1 to 1000"),
        ({"continuations": "Yes"}, "continuations"),
        ({"continuations": None}, "continuations"),
        ({"messages": []}, "messages"),
        ({"user": 3}, "user"),
    ],
)
def test_wrong_request_is_refused_by_name(server: Running, fields: dict[str, Any], named: str) -> None:
    refused = post(server, **fields)
    assert refused.status_code == 400
    assert named in refused.json()["error"]["message"]


def test_only_who_bears_the_token_may_ask(server: Running) -> None:
    body = {"messages": HELLO, "continuations": YES_NO}
    assert httpx.post(f"{server.url}/v1/score", json=body, timeout=PATIENT_S).status_code == 401


def test_scores_wait_in_the_same_line_as_answers(server: Running, engine: FakeEngine) -> None:
    """Case 27."""
    waiting = [threading.Thread(target=post, args=(server,)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    eventually(lambda: server.station.line.waiting == 2)
    refused = post(server)
    for number in range(3):
        scoring(engine, number).join()
    for thread in waiting:
        thread.join()

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0


async def test_client_gets_scores_in_order(client: OpenAIClient, engine: FakeEngine) -> None:
    thread = scoring(engine)
    found = await client.score(HELLO, YES_NO, user="someone")
    thread.join()

    assert found == [
        Score("Yes", -0.5, (-0.5,), "fake-model"),
        Score("No it does not", -3.25, (-1.0, -2.0, -0.25), "fake-model"),
    ]


async def test_reader_who_leaves_frees_the_slot(
    client: OpenAIClient, server: Running, engine: FakeEngine
) -> None:
    """Case 41."""
    asking = asyncio.create_task(client.score(HELLO, YES_NO))
    await asyncio.to_thread(engine.generation, 0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.to_thread(eventually, lambda: engine.generations[0].is_cancelled)
    assert await asyncio.to_thread(eventually, lambda: server.station.line.active == 0)


async def test_failures_are_those_of_an_answer(client: OpenAIClient, engine: FakeEngine) -> None:
    with pytest.raises(PromptTooLongError):
        await client.score([{"role": "user", "content": "word " * 101}], YES_NO)
    asking = asyncio.create_task(client.score(HELLO, YES_NO))
    (await asyncio.to_thread(engine.generation, 0)).fail(LLMBusyError(retry_after_s=7))
    with pytest.raises(LLMBusyError):
        await asking


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_foreign_endpoint_without_the_call_is_told_apart(status: int) -> None:
    async with endpoint(score=Reply(status)) as made:
        with pytest.raises(NotOfferedError):
            await OpenAIClient(made.url, "", PATIENT_S).score(HELLO, YES_NO)


@pytest.mark.parametrize("body", [b"{}", b'{"results": [{"text": "Yes"}]}', b"[", b'{"results": [3]}'])
async def test_endpoint_that_sends_something_else_is_unavailable(body: bytes) -> None:
    async with endpoint(score=Reply(parts=[body])) as made:
        with pytest.raises(LLMUnavailableError):
            await OpenAIClient(made.url, "", PATIENT_S).score(HELLO, YES_NO)
