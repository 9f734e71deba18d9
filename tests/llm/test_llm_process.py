"""The model server as its own process, with the real built-in model."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from kb.exceptions import LLMBusyError, LLMUnavailableError, PromptTooLongError
from kb.llm.client import Delta, Done, OpenAIClient, Opened, Queued
from kb.llm.model_file import find_model
from tests.llm.fakes import eventually
from tests.llm.process import ENOUGH_S, Process

PASSAGES = "Answer from the passages. " + " ".join(
    f"[{n}] Rule {n}: item {n} of the list costs {n * 7} euros and is approved by office {n % 5}."
    for n in range(1, 20)
)
LONG = "Write a very long story about the sea."


def talk(question: str, system: str = PASSAGES) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


def client_of(server: Process) -> OpenAIClient:
    return OpenAIClient(f"{server.url}/v1", server.token, timeout_s=ENOUGH_S)


async def everything(
    server: Process, messages: Sequence[dict[str, str]], max_tokens: int = 16
) -> list[Queued | Opened | Delta | Done]:
    return [part async for part in client_of(server).stream(messages, max_tokens=max_tokens)]


@asynccontextmanager
async def telling(server: Process) -> AsyncIterator[None]:
    """While the model tells a long story to somebody else."""
    async with aclosing(client_of(server).stream(talk(LONG, "You tell stories."), max_tokens=1500)) as story:
        assert isinstance(await anext(story), Opened)
        assert isinstance(await anext(story), Delta)
        yield


async def until(server: Process, active: int, waiting: int) -> None:
    await asyncio.to_thread(eventually, lambda: server.counts() == (active, waiting), ENOUGH_S)


def broken_off(server: Process) -> int:
    """How many answers the engine ended because their readers had left."""
    metrics = httpx.get(f"{server.url}/metrics", headers=server.headers, timeout=ENOUGH_S).text
    found = re.search(r'^kb_llm_answers_total\{reason="cancelled"\} (\d+)', metrics, re.MULTILINE)
    return int(found[1]) if found else 0


@asynccontextmanager
async def freeing(server: Process, active: int = 0) -> AsyncIterator[None]:
    """Whoever leaves in here frees the slot before the answer has come to its own end."""
    before = broken_off(server)
    yield
    await until(server, active, 0)
    assert broken_off(server) > before


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that the faster copy of the model is made once."""
    return tmp_path_factory.mktemp("llm")


@pytest.fixture(scope="module")
def crowded(data_dir: Path) -> Iterator[Process]:
    """Three at once, and one may wait."""
    running = Process(data_dir, KB_LLM_CONTEXT="2048", KB_LLM_QUEUE="1", KB_LLM_SLOTS="3")
    try:
        running.until("ok")
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[Process]:
    running = Process(data_dir, KB_LLM_CONTEXT="2048", KB_LLM_QUEUE="1", KB_LLM_SLOTS="1")
    try:
        running.until("ok")
        yield running
    finally:
        running.kill()


def test_health_tells_what_runs(server: Process) -> None:
    health = server.health()
    assert health["model"] == find_model("built-in").name
    assert (health["device"], health["context_tokens"], health["active"]) == ("cpu", 2048, 0)


async def test_second_question_over_the_same_passages_finds_them_in_the_cache(server: Process) -> None:
    await everything(server, talk("Hello?", "Something else."))
    first = (await everything(server, talk("Who approves item 3?")))[-1]
    second = (await everything(server, talk("What does item 12 cost?")))[-1]

    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.usage.cached_tokens < 0.1 * first.usage.prompt_tokens
    assert second.usage.cached_tokens > 0.9 * second.usage.prompt_tokens


async def test_stream_and_whole_answer_are_the_same_text_and_count(server: Process) -> None:
    parts = await everything(server, talk("Who approves item 3?"))
    done = parts[-1]
    assert isinstance(done, Done)
    text = "".join(part.text for part in parts if isinstance(part, Delta))
    whole = server.post(messages=talk("Who approves item 3?"), max_tokens=16).json()

    assert whole["choices"][0]["message"]["content"] == text != ""
    assert whole["choices"][0]["finish_reason"] == done.finish_reason
    assert whole["usage"]["completion_tokens"] == done.usage.completion_tokens
    assert whole["usage"]["prompt_tokens"] == done.usage.prompt_tokens


def test_official_client_streams_and_completes(server: Process) -> None:
    with closing(openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.token)) as client:
        (model,) = client.models.list().data
        stream = client.chat.completions.create(
            model=model.id,
            messages=[{"role": "user", "content": "Say hello."}],
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
        whole = client.chat.completions.create(
            model=model.id, messages=[{"role": "user", "content": "Say hello."}], max_tokens=8
        )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content != ""
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


def test_official_client_gets_json_of_its_schema_and_a_bad_grammar_is_400(server: Process) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"office": {"type": "integer"}}}
    schema["required"] = ["office"]
    with closing(openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.token)) as client:
        answer = client.chat.completions.create(
            model="any",
            messages=[{"role": "user", "content": "Which office approves item 3?"}],
            max_tokens=60,
            response_format={"type": "json_schema", "json_schema": {"name": "office", "schema": schema}},
        )
    found = json.loads(answer.choices[0].message.content or "")
    assert isinstance(found["office"], int)

    refused = server.post(messages=talk("Hello?"), grammar='root ::= "x" rest')
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid")
    assert "rest" in refused.json()["error"]["message"]
    assert server.post(messages=talk("Hello?"), max_tokens=1).status_code == 200


async def test_leaving_during_the_answer_frees_the_slot(server: Process) -> None:
    """Case 41."""
    async with freeing(server), telling(server):
        assert server.counts() == (1, 0)


async def test_leaving_during_the_prompt_frees_the_slot(server: Process) -> None:
    """Case 41."""
    async with freeing(server):
        asking = asyncio.create_task(everything(server, talk("Summarise.", PASSAGES[::-1]), 1000))
        await until(server, 1, 0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_leaving_frees_the_slot_of_a_whole_answer(server: Process) -> None:
    """Case 41."""
    body = {"messages": talk(LONG, "You tell stories."), "max_tokens": 1500}
    async with freeing(server), httpx.AsyncClient(headers=server.headers, timeout=ENOUGH_S) as client:
        asking = asyncio.create_task(client.post(f"{server.url}/v1/chat/completions", json=body))
        await until(server, 1, 0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_one_waits_with_a_position_and_the_next_is_refused(server: Process) -> None:
    """Case 28."""
    async with telling(server):
        waiting = client_of(server).stream(talk("Who approves item 3?"), max_tokens=4)
        assert await anext(waiting) == Queued(1)
        with pytest.raises(LLMBusyError):
            await everything(server, talk("Hello?"))
        refused = await asyncio.to_thread(server.post, messages=talk("Hello?"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "llm_busy")
        assert int(refused.headers["retry-after"]) >= 1
    rest = [part async for part in waiting]
    assert isinstance(rest[-1], Done)


async def test_question_longer_than_the_context_is_refused_and_the_next_works(server: Process) -> None:
    """Case 27."""
    with pytest.raises(PromptTooLongError, match="2048"):
        await everything(server, talk("word " * 3000))
    assert isinstance((await everything(server, talk("Hello?"), 2))[-1], Done)


async def test_several_are_answered_at_once_and_the_next_wait_and_are_refused(crowded: Process) -> None:
    """Case 28."""
    async with telling(crowded), telling(crowded):
        done = (await everything(crowded, talk("Who approves item 3?"), 4))[-1]
        assert isinstance(done, Done)
        async with telling(crowded):
            assert crowded.counts() == (3, 0)
            waiting = client_of(crowded).stream(talk("Who approves item 5?"), max_tokens=4)
            assert await anext(waiting) == Queued(1)
            with pytest.raises(LLMBusyError):
                await everything(crowded, talk("Hello?"))
        rest = [part async for part in waiting]
        assert isinstance(rest[-1], Done)
        assert rest[-1].usage.cached_tokens > 0.9 * rest[-1].usage.prompt_tokens
        await until(crowded, 2, 0)
    await until(crowded, 0, 0)


async def test_leaving_during_a_prompt_frees_the_slot_while_others_are_answered(crowded: Process) -> None:
    """Case 41."""
    async with telling(crowded), freeing(crowded, active=1):
        asking = asyncio.create_task(everything(crowded, talk("Summarise.", PASSAGES[::-1]), 1000))
        await until(crowded, 2, 0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_one_reader_with_many_questions_may_fill_half_of_the_line(data_dir: Path) -> None:
    server = Process(data_dir, KB_LLM_QUEUE="2", KB_LLM_SLOTS="1")
    try:
        server.until("ok")
        async with telling(server):
            waiting = client_of(server).stream(talk("Hello?"), max_tokens=1, user="greedy")
            assert await anext(waiting) == Queued(1)
            with pytest.raises(LLMBusyError):
                await anext(client_of(server).stream(talk("Hello?"), max_tokens=1, user="greedy"))
            other = client_of(server).stream(talk("Hello?"), max_tokens=1, user="somebody")
            assert await anext(other) == Queued(2)
            await other.aclose()
            await waiting.aclose()
    finally:
        server.kill()


def test_wrong_token_is_refused(server: Process) -> None:
    headers = {"Authorization": "Bearer wrong"}
    for path in ("models", "chat/completions"):
        method = "GET" if path == "models" else "POST"
        assert (
            httpx.request(method, f"{server.url}/v1/{path}", headers=headers, timeout=ENOUGH_S).status_code
            == 401
        )
    assert httpx.get(f"{server.url}/health", timeout=ENOUGH_S).json() == {"status": "ok"}


async def test_told_to_stop_it_ends_at_once_even_in_the_middle_of_an_answer(data_dir: Path) -> None:
    """And the key is the configured one, where there is one."""
    server = Process(data_dir, KB_LLM_API_KEY="another key")
    server.token = "another key"
    server.headers = {"Authorization": "Bearer another key"}
    try:
        server.until("ok")
        with pytest.raises(LLMUnavailableError):
            async with aclosing(client_of(server).stream(talk(LONG), max_tokens=1500)) as story:
                assert isinstance(await anext(story), Opened)
                assert isinstance(await anext(story), Delta)
                ended = asyncio.create_task(asyncio.to_thread(server.terminate))
                async for _ in story:
                    pass
        # About a second; the rest is for a busy machine. The story would have taken longer, and been whole.
        assert await ended < 30
    finally:
        server.kill()


async def test_killed_in_the_middle_of_an_answer_is_unavailable(data_dir: Path) -> None:
    """Case 42."""
    server = Process(data_dir)
    try:
        server.until("ok")
        with pytest.raises(LLMUnavailableError):
            async with aclosing(client_of(server).stream(talk(LONG), max_tokens=1500)) as story:
                assert isinstance(await anext(story), Opened)
                assert isinstance(await anext(story), Delta)
                server.popen.kill()
                async for _ in story:
                    pass
    finally:
        server.kill()
