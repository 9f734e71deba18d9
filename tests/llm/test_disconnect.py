"""Whoever leaves frees the slot, at every moment and in both ways of asking (case 41)."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from tests.llm.fakes import AUTHORIZED, PATIENT_S, FakeEngine, Running, eventually


class Caller:
    """Asks over a bare socket, which can be closed at any moment."""

    def __init__(self, server: Running, *, stream: bool) -> None:
        body = json.dumps({"messages": [{"role": "user", "content": "hello"}], "stream": stream}).encode()
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENT_S)
        head = [
            "POST /v1/chat/completions HTTP/1.1",
            "Host: localhost",
            f"Authorization: {AUTHORIZED['Authorization']}",
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode() + body)

    def read_until(self, text: bytes) -> None:
        found = b""
        while text not in found:
            part = self._socket.recv(4096)
            assert part, found
            found += part

    def leave(self) -> None:
        self._socket.close()


def counts(server: Running) -> tuple[int, int]:
    health = httpx.get(f"{server.url}/health", headers=AUTHORIZED, timeout=PATIENT_S).json()
    return health["active"], health["waiting"]


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_before_the_first_word_frees_the_slot(
    server: Running, engine: FakeEngine, stream: bool
) -> None:
    caller = Caller(server, stream=stream)
    generation = engine.generation(0)
    assert counts(server) == (1, 0)

    caller.leave()
    eventually(lambda: generation.is_cancelled)
    eventually(lambda: counts(server) == (0, 0))


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_in_the_middle_of_the_answer_frees_the_slot(
    server: Running, engine: FakeEngine, stream: bool
) -> None:
    caller = Caller(server, stream=stream)
    generation = engine.generation(0)
    generation.say("Hello")
    if stream:
        caller.read_until(b"Hello")

    caller.leave()
    eventually(lambda: generation.is_cancelled)
    eventually(lambda: counts(server) == (0, 0))


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_the_line_moves_the_others_up(server: Running, engine: FakeEngine, stream: bool) -> None:
    served = Caller(server, stream=True)
    engine.generation(0)
    leaving = Caller(server, stream=stream)
    eventually(lambda: counts(server) == (1, 1))
    staying = Caller(server, stream=True)
    staying.read_until(b": queued 2")

    leaving.leave()
    staying.read_until(b": queued 1")
    assert counts(server) == (1, 1)

    served.leave()
    engine.generation(1).say("Hello")
    staying.read_until(b"Hello")
    staying.leave()


def test_next_is_served_only_when_the_engine_is_really_free(server: Running, engine: FakeEngine) -> None:
    engine.stubborn = True
    first, second = Caller(server, stream=True), Caller(server, stream=True)
    stubborn = engine.generation(0)
    eventually(lambda: counts(server) == (1, 1))
    first.leave()
    eventually(lambda: stubborn.is_cancelled)
    assert (counts(server), len(engine.generations)) == ((1, 1), 1)

    stubborn.finish("cancelled")
    engine.generation(1).finish()
    second.read_until(b"[DONE]")
    second.leave()
