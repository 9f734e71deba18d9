"""The server with an engine that says what the test tells it."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from kb.exceptions import LLMUnavailableError
from kb.llm.errors import ModelLoadError
from tests.llm.fakes import AUTHORIZED, PATIENT_S, TOKEN, FakeEngine, Running, eventually

HELLO = [{"role": "user", "content": "one two three"}]


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "any", "messages": HELLO, **fields}


def post(server: Running, **fields: Any) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/chat/completions", json=body(**fields), headers=AUTHORIZED, timeout=PATIENT_S
    )


def health(server: Running) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/health", headers=AUTHORIZED, timeout=PATIENT_S).json()
    return found


class Reader:
    """Someone who reads a stream, in a thread."""

    def __init__(self, server: Running, **fields: Any) -> None:
        self.lines: list[str] = []
        self.status = 0
        self._server = server
        self._body = body(stream=True, **fields)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def join(self) -> list[dict[str, Any]]:
        """The chunks, when the stream has ended."""
        self._thread.join(PATIENT_S)
        assert self.lines[-1] == "data: [DONE]"
        data = [line.removeprefix("data: ") for line in self.lines if line.startswith("data: {")]
        return [json.loads(text) for text in data]

    def places(self) -> list[str]:
        """What the comments say; who waits for long hears the same again."""
        comments = [line.removeprefix(": ") for line in self.lines if line.startswith(":")]
        return [place for place, _ in itertools.groupby(comments)]

    def _read(self) -> None:
        url = f"{self._server.url}/v1/chat/completions"
        with httpx.stream("POST", url, json=self._body, headers=AUTHORIZED, timeout=PATIENT_S) as response:
            self.status = response.status_code
            for line in filter(None, response.iter_lines()):
                self.lines.append(line)  # at once, for those who look on


def test_whole_answer_has_openai_shape(server: Running, engine: FakeEngine) -> None:
    engine.script = ("Hello", " there")
    answer = post(server, max_tokens=5, stop=["\n"]).json()

    assert answer["object"] == "chat.completion"
    assert answer["model"] == "fake-model"
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Hello there"}
    assert choice["finish_reason"] == "stop"
    assert answer["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    }
    timings_ms = answer["timings_ms"]
    assert set(timings_ms) == {"queue", "first_token", "per_token"}
    assert 0 <= timings_ms["queue"] <= timings_ms["first_token"]
    assert engine.generations[0].prompt.max_tokens == 5
    assert engine.generations[0].sampling.stop == ("\n",)


def test_streamed_answer_arrives_piece_by_piece(server: Running, engine: FakeEngine) -> None:
    reader = Reader(server, stream_options={"include_usage": True})
    generation = engine.generation(0)
    generation.say("Hello")
    eventually(lambda: any("Hello" in line for line in reader.lines))
    generation.say(" there")
    generation.finish("length")
    first, *pieces, last, usage = reader.join()

    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert [piece["choices"][0]["delta"]["content"] for piece in pieces] == ["Hello", " there"]
    assert last["choices"][0]["finish_reason"] == "length"
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], 2)
    assert usage["timings_ms"]["per_token"] > 0
    assert {chunk["id"] for chunk in (first, *pieces, last, usage)} == {first["id"]}


def test_usage_comes_only_when_asked_for(server: Running, engine: FakeEngine) -> None:
    engine.script = ("Hello",)
    assert not any(chunk.get("usage") for chunk in Reader(server).join())


def test_waiting_readers_hear_their_place(server: Running, engine: FakeEngine) -> None:
    """Case 28."""
    readers = [Reader(server)]
    engine.generation(0)
    for expected in (1, 2):
        readers.append(Reader(server))
        eventually(lambda expected=expected: health(server)["waiting"] == expected)  # type: ignore[misc]
    assert health(server)["active"] == 1

    for number, reader in enumerate(readers):
        engine.generation(number).say(f"answer {number}")
        engine.generations[number].finish()
        reader.join()

    assert [reader.places() for reader in readers] == [[], ["queued 1"], ["queued 2", "queued 1"]]
    assert "answer 2" in "".join(readers[2].lines)


def test_full_line_is_503_with_the_time_to_come_again(server: Running, engine: FakeEngine) -> None:
    """Case 28."""
    readers = [Reader(server) for _ in range(3)]
    eventually(lambda: health(server)["waiting"] == 2)
    for stream in (True, False):
        refused = post(server, stream=stream)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "llm_busy"
        assert refused.json()["error"]["type"] == "server_error"

    for number in range(3):
        engine.generation(number).finish()
    for reader in readers:
        reader.join()
    assert (health(server)["active"], health(server)["waiting"]) == (0, 0)


def test_failing_engine_ends_the_stream_with_an_error_and_the_next_answer_works(
    server: Running, engine: FakeEngine
) -> None:
    """Case 42."""
    reader = Reader(server)
    engine.generation(0).say("Hel")
    engine.generations[0].fail(LLMUnavailableError("It broke."))
    eventually(lambda: any('"error"' in line for line in reader.lines))
    assert json.loads(reader.lines[-1].removeprefix("data: "))["error"]["message"] == "It broke."

    engine.script = ("fine",)
    assert post(server).json()["choices"][0]["message"]["content"] == "fine"


def test_failing_engine_is_a_true_status_without_a_stream(server: Running, engine: FakeEngine) -> None:
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(post(server)))
    asking.start()
    engine.generation(0).fail(LLMUnavailableError("It broke."))
    asking.join(PATIENT_S)

    assert answers[0].status_code == 503
    assert answers[0].json()["error"]["code"] == "llm_unavailable"


def test_prompt_that_does_not_fit_is_refused_before_the_model(server: Running, engine: FakeEngine) -> None:
    """Case 27."""
    for stream in (True, False):
        refused = post(server, stream=stream, messages=[{"role": "user", "content": "word " * 101}])
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "prompt_too_long"
        assert refused.json()["error"]["message"] == "101 and 100"
    assert engine.generations == []

    engine.script = ("fine",)
    assert post(server).status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_server_that_stops_says_so(server: Running, engine: FakeEngine, stream: bool) -> None:
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(post(server, stream=stream)))
    asking.start()
    engine.generation(0).finish("cancelled")
    asking.join(PATIENT_S)

    assert answers[0].status_code == (200 if stream else 503)
    assert "is stopping" in answers[0].text
    assert "[DONE]" not in answers[0].text


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"messages": []}'])
def test_bad_body_is_400(server: Running, content: bytes) -> None:
    answer = httpx.post(
        f"{server.url}/v1/chat/completions", content=content, headers=AUTHORIZED, timeout=PATIENT_S
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def chunks() -> Iterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(5):
        yield b" " * (1024 * 1024)


@pytest.mark.parametrize("content", [b" " * (4 * 1024 * 1024 + 1), None])
def test_large_body_is_413(server: Running, content: bytes | None) -> None:
    """Case 26."""
    answer = httpx.post(
        f"{server.url}/v1/chat/completions",
        content=content or chunks(),
        headers=AUTHORIZED,
        timeout=PATIENT_S,
    )
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/chat/completions"), ("GET", "/v1/models")])
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", TOKEN, "Bearer", "Bearer é"])
def test_without_the_token_nothing_is_told(
    server: Running, engine: FakeEngine, method: str, path: str, authorization: str | None
) -> None:
    headers = [(b"Authorization", authorization.encode())] if authorization else []
    answer = httpx.request(method, server.url + path, headers=headers, json=body(), timeout=PATIENT_S)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"
    assert engine.generations == []


def test_unknown_path_and_method_are_answered_in_json(server: Running) -> None:
    unknown = httpx.get(f"{server.url}/v1/files", timeout=PATIENT_S)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
    assert unknown.json()["error"]["type"] == "invalid_request_error"
    wrong = httpx.get(f"{server.url}/v1/chat/completions", timeout=PATIENT_S)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "invalid")


def test_model_is_listed(server: Running) -> None:
    (model,) = httpx.get(f"{server.url}/v1/models", headers=AUTHORIZED, timeout=PATIENT_S).json()["data"]
    assert (model["id"], model["context_length"]) == ("fake-model", 100)


def test_health_tells_what_runs_and_strangers_only_the_status(server: Running) -> None:
    assert health(server) == {
        "status": "ok",
        "model": "fake-model",
        "device": "cpu",
        "context_tokens": 100,
        "slots": 1,
        "active": 0,
        "waiting": 0,
    }
    assert httpx.get(f"{server.url}/health", timeout=PATIENT_S).json() == {"status": "ok"}


def test_model_that_is_still_loading_is_503_until_it_is_there() -> None:
    loaded = threading.Event()

    def load(stopping: threading.Event) -> FakeEngine:
        assert loaded.wait(PATIENT_S)
        return FakeEngine(("fine",), note="smaller")

    with closing(Running(load)) as server:
        assert health(server)["status"] == "loading"
        refused = post(server)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "loading")
        assert "retry-after" in refused.headers
        loaded.set()
        eventually(lambda: health(server)["status"] == "ok")
        assert health(server)["note"] == "smaller"
        assert post(server).status_code == 200


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ModelLoadError("It is truncated."), "It is truncated."), (RuntimeError("odd"), "odd")],
)
def test_model_that_cannot_be_loaded_leaves_a_server_that_says_so(error: Exception, reason: str) -> None:
    """Case 43."""

    def load(stopping: threading.Event) -> FakeEngine:
        raise error

    with closing(Running(load)) as server:
        eventually(lambda: health(server)["status"] == "failed")
        assert reason in health(server)["reason"]
        assert httpx.get(f"{server.url}/health", timeout=PATIENT_S).json() == {"status": "failed"}
        for refused in (
            post(server),
            httpx.get(f"{server.url}/v1/models", headers=AUTHORIZED, timeout=PATIENT_S),
        ):
            assert refused.status_code == 503
            assert reason in refused.json()["error"]["message"]
