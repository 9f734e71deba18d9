"""The client against our own server."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing, closing

import pytest

from kb.exceptions import LLMBusyError, LLMUnavailableError, PromptTooLongError
from kb.llm.client import Delta, Done, OpenAIClient, Opened, Queued
from kb.llm.connections import Connections
from kb.llm.errors import ModelLoadError
from kb.llm.types import Usage
from tests.llm.fakes import PATIENT_S, TOKEN, FakeEngine, Running, eventually

HELLO = [{"role": "user", "content": "one two three"}]
Part = Queued | Opened | Delta | Done
OPENED = Opened(Usage(3, 2, 0), "fake-model")


@pytest.fixture
def client(server: Running) -> OpenAIClient:
    return OpenAIClient(f"{server.url}/v1", TOKEN, timeout_s=PATIENT_S)


async def everything(client: OpenAIClient, max_tokens: int = 10) -> list[Part]:
    return [part async for part in client.stream(HELLO, max_tokens=max_tokens)]


async def test_answer_comes_in_pieces_with_its_usage(client: OpenAIClient, engine: FakeEngine) -> None:
    engine.script = ("Hel", "lo")
    stream = client.stream(HELLO, max_tokens=7, temperature=0.5, stop=("\n",))
    parts = [part async for part in stream]

    assert parts == [OPENED, Delta("Hel"), Delta("lo"), Done(Usage(3, 2, 2), "fake-model", "stop")]
    generation = engine.generations[0]
    assert (generation.prompt.max_tokens, generation.sampling.temperature) == (7, 0.5)
    assert generation.sampling.stop == ("\n",)


async def test_cut_off_answer_says_so(client: OpenAIClient, engine: FakeEngine) -> None:
    asking = asyncio.create_task(everything(client))
    (await asyncio.to_thread(engine.generation, 0)).finish("length")
    assert await asking == [Done(Usage(3, 2, 0), "fake-model", "length")]


async def test_place_in_the_line_is_told(client: OpenAIClient, engine: FakeEngine) -> None:
    first = asyncio.create_task(everything(client))
    await asyncio.to_thread(engine.generation, 0)
    second = client.stream(HELLO, max_tokens=5)
    assert await anext(second) == Queued(1)

    engine.generations[0].finish()
    generation = await asyncio.to_thread(engine.generation, 1)
    generation.say("Hello")
    generation.finish()
    parts = [part async for part in second]
    assert parts == [OPENED, Delta("Hello"), Done(Usage(3, 2, 1), "fake-model", "stop")]
    await first


async def test_closing_the_iterator_frees_the_model_at_once(client: OpenAIClient, engine: FakeEngine) -> None:
    """Case 41."""
    async with aclosing(client.stream(HELLO, max_tokens=5)) as stream:
        asking = asyncio.ensure_future(anext(stream))
        (await asyncio.to_thread(engine.generation, 0)).say("Hello")
        assert await asking == OPENED
        assert await anext(stream) == Delta("Hello")
    await asyncio.to_thread(eventually, lambda: engine.generations[0].is_cancelled)


async def test_cancelled_task_frees_the_model_at_once(client: OpenAIClient, engine: FakeEngine) -> None:
    """Case 41."""
    asking = asyncio.create_task(everything(client))
    await asyncio.to_thread(engine.generation, 0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.to_thread(eventually, lambda: engine.generations[0].is_cancelled)


async def test_full_line_is_busy_with_the_advice(client: OpenAIClient, engine: FakeEngine) -> None:
    """Case 28."""
    others = [asyncio.create_task(everything(client)) for _ in range(3)]
    while (await client.health())["waiting"] < 2:
        await asyncio.sleep(0.01)
    with pytest.raises(LLMBusyError) as caught:
        await everything(client)
    assert caught.value.retry_after_s == 5

    for number in range(3):
        (await asyncio.to_thread(engine.generation, number)).finish()
    await asyncio.gather(*others)


async def test_too_long_prompt_keeps_its_numbers(client: OpenAIClient) -> None:
    """Case 27."""
    with pytest.raises(PromptTooLongError, match="3 and 100"):
        await everything(client, max_tokens=98)


async def test_broken_engine_is_unavailable_and_the_next_answer_works(
    client: OpenAIClient, engine: FakeEngine
) -> None:
    """Case 42."""
    asking = asyncio.create_task(everything(client))
    generation = await asyncio.to_thread(engine.generation, 0)
    generation.say("Hel")
    generation.fail(LLMUnavailableError("It broke in /somewhere."))
    with pytest.raises(LLMUnavailableError) as caught:
        await asking
    assert "somewhere" not in caught.value.message

    engine.script = ("fine",)
    assert (await everything(client))[1] == Delta("fine")


async def test_wrong_token_is_unavailable_to_the_reader_and_told_to_the_log(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(LLMUnavailableError):
        await everything(OpenAIClient(server.url, "wrong", timeout_s=PATIENT_S))
    assert "not_authenticated" in caplog.text


async def test_missing_model_is_unavailable_and_its_path_stays_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Case 43."""

    def load(stopping: threading.Event) -> FakeEngine:
        raise ModelLoadError("There is no model file at /somewhere.")

    with closing(Running(load)) as server:
        client = OpenAIClient(server.url, TOKEN, timeout_s=PATIENT_S)
        while (await client.health())["status"] == "loading":
            await asyncio.sleep(0.01)
        with pytest.raises(LLMUnavailableError) as caught:
            await everything(client)
        assert "somewhere" in (await client.health())["reason"]
    assert "somewhere" not in caught.value.message
    assert "somewhere" in caplog.text


async def test_health_is_the_servers_own(client: OpenAIClient) -> None:
    health = await client.health()
    assert (health["status"], health["model"], health["active"]) == ("ok", "fake-model", 0)


def test_one_client_serves_several_event_loops(server: Running, engine: FakeEngine) -> None:
    """Each loop's connections are closed with it; an unclosed one would be an error here."""
    engine.script = ("Hello",)
    client = OpenAIClient(server.url, TOKEN, timeout_s=PATIENT_S)
    for _ in range(3):
        assert asyncio.run(everything(client))[1] == Delta("Hello")

    threads = [threading.Thread(target=asyncio.run, args=(everything(client),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENT_S)
    assert len(engine.generations) == 5


async def test_connections_are_kept_within_a_loop() -> None:
    kept = Connections("http://127.0.0.1:1/v1", "key", timeout_s=1)
    assert await kept.client() is await kept.client()
