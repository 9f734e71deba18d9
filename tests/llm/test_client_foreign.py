"""The client against endpoints that are not ours, and against what networks do."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc

import pytest

from kb.exceptions import LLMBusyError, LLMUnavailableError, PromptTooLongError
from kb.llm.client import Delta, Done, OpenAIClient, Opened, Queued
from kb.llm.types import Usage
from tests.llm.endpoint import CHAT, LIST, Endpoint, Reply, chunk, endpoint
from tests.llm.fakes import PATIENT_S

HELLO = [{"role": "user", "content": "hello"}]
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
END = b"data: [DONE]\n\n"


def client_of(
    made: Endpoint, timeout_s: float = PATIENT_S, key: str = "secret", model: str = ""
) -> OpenAIClient:
    return OpenAIClient(f"{made.url}/v1/", key, timeout_s, model)


async def everything(client: OpenAIClient) -> list[Queued | Opened | Delta | Done]:
    return [part async for part in client.stream(HELLO, max_tokens=5)]


async def test_what_no_database_takes_is_left_out() -> None:
    parts = [chunk("a\0b"), chunk("c\ud800", "stop", model="m\0" * 400), END]
    async with endpoint(chat=Reply(parts=parts)) as made:
        found = await everything(client_of(made))

    assert found == [Delta("ab"), Delta("c"), Done(Usage(0, 0, 0), "m" * 300, "stop")]


async def test_any_openai_compatible_stream_is_understood() -> None:
    last = chunk("", "stop", choices=[], usage=USAGE)
    parts = [chunk("Hé"), b": keep-alive\n\n", chunk("llo", "stop"), last, END]
    async with endpoint(chat=Reply(parts=parts)) as made:
        found = await everything(client_of(made))

    assert found == [Delta("Hé"), Delta("llo"), Done(Usage(9, 4, 2), "foreign-1", "stop")]
    (_, asked) = made.asked[-1]
    assert asked["model"] == "foreign-model"
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})
    assert b"Authorization: Bearer secret" in made.headers[-1]


async def test_reader_is_told_only_where_there_is_one() -> None:
    async with endpoint(chat=Reply(parts=[chunk("Hi", "stop"), END])) as made:
        await everything(client_of(made))
        async for _ in client_of(made).stream(HELLO, max_tokens=5, user="a1b2"):
            pass
    bodies = [body for path, body in made.asked if path == CHAT]
    assert "user" not in bodies[0]
    assert bodies[1]["user"] == "a1b2"


PARTS = [
    {"type": "text", "text": "[1]", "cache_control": {"type": "ephemeral"}},
    {"type": "text", "text": " Rules", "cache_control": {"type": "ephemeral"}},
    {"type": "text", "text": " Why?"},
]


@pytest.mark.parametrize(("told", "content"), [({}, "[1] Rules Why?"), ({"keeps_parts": True}, PARTS)])
async def test_parts_are_sent_only_to_an_endpoint_that_says_it_knows_them(
    told: dict[str, bool], content: object
) -> None:
    models = json.dumps({"object": "list", "data": [{"id": "one", **told}]}).encode()
    async with endpoint(chat=Reply(parts=[chunk("Hi", "stop"), END]), models=Reply(parts=[models])) as made:
        async for _ in client_of(made).stream([{"role": "user", "content": PARTS}], max_tokens=5):
            pass
    assert made.asked[-1][1]["messages"] == [{"role": "user", "content": content}]


async def test_endpoint_that_does_not_count_has_no_usage() -> None:
    parts = [chunk("Hi", "stop", usage=None), END]
    async with endpoint(chat=Reply(parts=parts)) as made:
        assert (await everything(client_of(made, key="")))[-1] == Done(Usage(0, 0, 0), "foreign-1", "stop")
    assert b"authorization" not in made.headers[-1].lower()


async def test_name_of_the_model_is_asked_for_once() -> None:
    async with endpoint(chat=Reply(parts=[chunk("Hi", "stop"), END])) as made:
        client = client_of(made)
        await everything(client)
        await everything(client)
        await everything(client_of(made, model="another"))

    assert [path for path, _ in made.asked] == [LIST, CHAT, CHAT, CHAT]
    assert made.asked[-1][1]["model"] == "another"


async def test_endpoint_without_a_list_of_models_is_asked_without_a_name() -> None:
    async with endpoint(chat=Reply(parts=[chunk("Hi", "stop"), END]), models=Reply(404)) as made:
        await everything(client_of(made))
    assert made.asked[-1][1]["model"] == "default"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [chunk("Hel")],
        [chunk("Hel"), b'data: {"choices": [{"delta'],
        [chunk("Hel"), b"data: nonsense\n\n"],
        [chunk("Hel"), b"data: 7\n\n"],
        [chunk("Hel"), b'data: {"choices": 7}\n\n'],
        [chunk("Hel"), b"\xff\xfe\n\n"],
        [chunk("Hel"), b'data: {"error": {"message": "out of memory"}}\n\n'],
        [chunk("Hel"), b'data: {"error": "out of memory"}\n\n'],
        [chunk("Hel"), END],
    ],
)
async def test_answer_that_breaks_off_is_unavailable(parts: list[bytes]) -> None:
    """Case 42."""
    async with endpoint(chat=Reply(parts=parts)) as made:
        with pytest.raises(LLMUnavailableError):
            await everything(client_of(made))


@pytest.mark.parametrize("said", [[], [chunk("Hel")], [b": queued 1\n\n"]])
async def test_silence_ends_with_the_time(said: list[bytes]) -> None:
    """Case 42: a server that hangs before or in the middle of an answer."""
    async with endpoint(chat=Reply(parts=said, hangs=True)) as made:
        with pytest.raises(LLMUnavailableError, match="in time"):
            # By a name of its own: without one it would first ask for the list of models.
            await everything(client_of(made, timeout_s=0.3, model="foreign-model"))
        await made.left.wait()


async def test_signs_of_life_without_progress_do_not_prolong_the_wait() -> None:
    """Case 42: the process lives and its model hangs."""
    reply = Reply(parts=[b": queued 3\n\n"] * 10_000, pauses_s=0.05)
    async with endpoint(chat=reply) as made, asyncio.timeout(PATIENT_S):
        with pytest.raises(LLMUnavailableError, match="in time"):
            await everything(client_of(made, timeout_s=0.5))


class HurriedClock:
    """A thousand times as fast, so that what should come in time need not come fast."""

    @staticmethod
    def monotonic() -> float:
        return 1000 * time.monotonic()


async def test_progress_prolongs_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.llm.client.time", HurriedClock)
    parts = [b": queued 2\n\n", b": queued 1\n\n", *[chunk("a")] * 4, chunk("", "stop"), END]
    async with endpoint(chat=Reply(parts=parts, pauses_s=0.03)) as made:
        found = await everything(client_of(made, timeout_s=100.0))
    assert found[:2] == [Queued(2), Queued(1)]
    assert isinstance(found[-1], Done)


@pytest.mark.parametrize(
    ("status", "error", "raised"),
    [
        (400, {"code": "context_length_exceeded", "message": "x"}, PromptTooLongError),
        (400, {"type": "exceed_context_size_error", "message": "x"}, PromptTooLongError),
        (400, {"code": 400, "type": "exceed_context_size_error", "message": "x"}, PromptTooLongError),
        (400, {"message": "This model's maximum context length is 4096 tokens."}, PromptTooLongError),
        (400, {"code": None, "message": "bad field"}, LLMUnavailableError),
        (401, {"message": "wrong key"}, LLMUnavailableError),
        (404, {"message": "no such model"}, LLMUnavailableError),
        (429, {"message": "slow down"}, LLMBusyError),
        (500, "a text", LLMUnavailableError),
        (503, {"message": "loading model"}, LLMUnavailableError),
    ],
)
async def test_status_is_understood(status: int, error: object, raised: type[Exception]) -> None:
    reply = Reply(status, [json.dumps({"error": error}).encode()], {"Retry-After": "17"})
    async with endpoint(chat=reply) as made:
        with pytest.raises(raised) as caught:
            await everything(client_of(made))
    assert type(caught.value) is raised
    assert getattr(caught.value, "retry_after_s", 17) == 17


@pytest.mark.parametrize("retry_after", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "999999999999"])
async def test_odd_retry_after_stays_within_bounds(retry_after: str) -> None:
    reply = Reply(429, [b"<html>"], {"Retry-After": retry_after})
    async with endpoint(chat=reply) as made:
        with pytest.raises(LLMBusyError) as caught:
            await everything(client_of(made))
    assert 1 <= caught.value.retry_after_s <= 3600


async def test_nobody_there_is_unavailable_and_down() -> None:
    async with endpoint() as made:
        pass
    with pytest.raises(LLMUnavailableError):
        await everything(client_of(made))
    health = await client_of(made).health()
    assert health["status"] == "down"


@pytest.mark.parametrize("health", [Reply(404), Reply(200), Reply(200, [b"[]"]), Reply(200, [b"<html>"])])
async def test_endpoint_that_does_not_tell_its_health_is_asked_for_its_models(health: Reply) -> None:
    async with endpoint(health=health) as made:
        assert await client_of(made).health() == {"status": "ok", "model": "foreign-model"}


async def test_endpoint_that_refuses_is_not_healthy() -> None:
    async with endpoint(models=Reply(401)) as made:
        health = await client_of(made).health()
    assert (health["status"], "401" in health["reason"]) == ("failed", True)


UNUSABLE_LISTS = [b'{"data":[]}', b"[" * 50_000, b'{"data":[{}]}', b'{"data":{}}', b"x" * 5_000_000]


@pytest.mark.parametrize("listed", UNUSABLE_LISTS, ids=["empty", "deep", "no name", "no list", "endless"])
async def test_endpoint_whose_list_of_models_is_none_is_unavailable_and_down(listed: bytes) -> None:
    async with endpoint(models=Reply(parts=[listed])) as made:
        with pytest.raises(LLMUnavailableError, match="no such endpoint sends"):
            await everything(client_of(made))
        assert (await client_of(made).health())["status"] == "down"


@pytest.mark.parametrize(
    "line", [b"data: " + b"[" * 50_000 + b"\n\n", b'data: {"usage": {"prompt_tokens": 1e999}}\n\n']
)
async def test_line_that_cannot_be_read_is_unavailable(line: bytes) -> None:
    async with endpoint(chat=Reply(parts=[line])) as made:
        with pytest.raises(LLMUnavailableError, match="no such endpoint sends"):
            await everything(client_of(made))


async def test_counts_are_bounded_to_what_a_database_takes() -> None:
    usage = {"prompt_tokens": 10**30, "completion_tokens": -5}
    async with endpoint(chat=Reply(parts=[chunk("Hi", "stop", usage=usage), END])) as made:
        assert (await everything(client_of(made)))[-1] == Done(Usage(2**31 - 1, 0, 0), "foreign-1", "stop")


@pytest.mark.parametrize("path", ["chat", "models", "score"])
async def test_endless_body_of_an_error_is_not_read_whole(path: str) -> None:
    piece, pieces = b"x" * 1_000_000, 300
    replies = {path: Reply(400, parts=[piece] * pieces)}
    async with endpoint(**replies) as made:
        client = client_of(made)
        tracemalloc.start()
        try:
            with pytest.raises(LLMUnavailableError):
                await (client.score(HELLO, ("Yes",)) if path == "score" else everything(client))
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak_bytes < 50 * len(piece)


async def test_compressed_answers_are_neither_asked_for_nor_read() -> None:
    body = gzip.compress(chunk("Hi", "stop") + END)
    async with endpoint(chat=Reply(parts=[body], headers={"Content-Encoding": "gzip"})) as made:
        with pytest.raises(LLMUnavailableError):
            await everything(client_of(made))
    assert b"accept-encoding: identity" in made.headers[-1].lower()


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "KB_LLM_API_KEY"), (403, "KB_LLM_API_KEY"), (302, "KB_LLM_URL"), (404, "KB_LLM_URL")],
)
async def test_what_only_an_admin_can_mend_is_said(status: int, says: str) -> None:
    async with endpoint(chat=Reply(status, headers={"Location": "http://127.0.0.1:9/"})) as made:
        with pytest.raises(LLMUnavailableError, match=says):
            await everything(client_of(made))


async def test_model_that_the_endpoint_does_not_have_is_no_wrong_address() -> None:
    error = json.dumps({"error": {"code": "model_not_found", "message": "no such model"}}).encode()
    async with endpoint(chat=Reply(404, parts=[error])) as made:
        with pytest.raises(LLMUnavailableError) as caught:
            await everything(client_of(made))
    assert "KB_LLM_URL" not in caught.value.message
