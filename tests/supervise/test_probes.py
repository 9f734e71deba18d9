from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from kb.supervise import valkey
from kb.supervise.health import (
    Health,
    Status,
    probe_endpoint,
    probe_redis,
    probe_server,
    probe_sign_of_life,
    probe_site,
    probe_workers,
    redis_url,
)
from tests.supervise.embedded import embedded_redis

PATIENT_S = 30.0  # a busy machine answers late; what a probe finds is what is tested here


@dataclass
class FakeServer:
    """Answers every request with one response, and remembers the requests."""

    status: int = 200
    body: object = None
    silent: bool = False
    requests: list[str] = field(default_factory=list)
    answering: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self.answer(reader, writer))
        self.answering.add(task)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(self.body).encode()
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        # An asker may give up at any moment, before it has said anything too.
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if self.silent:
                await reader.read()  # until the asker gives up
            writer.write(head.encode() + body)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            await asyncio.gather(*self.answering)


async def ask(server: FakeServer, probe: Callable[[str], Awaitable[Health]]) -> Health:
    async with server.serve() as url:
        return await probe(url)


@pytest.mark.parametrize("status", [Status.OK, Status.LOADING, Status.FAILED])
async def test_server_says_how_it_is_and_what_it_runs_on(status: Status) -> None:
    server = FakeServer(body={"status": status, "reason": "because", "device": "cpu"})

    found = await ask(server, lambda url: probe_server(url, "token", PATIENT_S))

    assert found == Health(status, "because", {"device": "cpu"})
    assert server.requests[0].startswith("GET /health ")
    assert "authorization: bearer token" in server.requests[0].lower()


async def test_server_may_say_loading_with_status_503() -> None:
    found = await ask(
        FakeServer(503, {"status": "loading"}), lambda url: probe_server(url, "token", PATIENT_S)
    )

    assert found.status == Status.LOADING


@pytest.mark.parametrize("body", [None, [], "ok", {}, {"status": "fine"}, {"status": None}])
async def test_stranger_on_the_port_is_no_healthy_server(body: object) -> None:
    found = await ask(FakeServer(body=body), lambda url: probe_server(url, "token", PATIENT_S))

    assert found.status == Status.DOWN


async def test_probe_of_a_silent_server_ends_in_time() -> None:
    server = FakeServer(body={"status": "ok"}, silent=True)

    async with asyncio.timeout(PATIENT_S):
        found = await ask(server, lambda url: probe_server(url, "token", timeout_s=0.1))

    assert found == Health(Status.DOWN, "No answer within 0.1 s.")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[bad", "nonsense", ""])
async def test_unreachable_address_is_down_and_never_an_exception(url: str) -> None:
    found = [
        await probe_server(url, "token"),
        await probe_site(url, https=False),
        await probe_endpoint(url, "key"),
        await probe_redis(url),
        await probe_workers(url),
    ]

    assert {health.status for health in found} == {Status.DOWN}


async def test_loopback_probe_avoids_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    found = await ask(FakeServer(body={"status": "ok"}), lambda url: probe_server(url, "token", PATIENT_S))

    assert found.status == Status.OK


async def test_site_behind_https_is_asked_as_if_by_https() -> None:
    server = FakeServer()

    assert (
        await ask(server, lambda url: probe_site(url, https=True, timeout_s=PATIENT_S))
    ).status == Status.OK
    assert "x-forwarded-proto: https" in server.requests[0].lower()
    assert "host: 127.0.0.1\r\n" in server.requests[0].lower()


async def test_site_that_answers_with_an_error_is_down() -> None:
    found = await ask(FakeServer(500), lambda url: probe_site(url, https=False, timeout_s=PATIENT_S))

    assert found == Health(Status.DOWN, "It answers with HTTP status 500.")


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, Status.OK), (404, Status.OK), (401, Status.FAILED), (403, Status.FAILED), (502, Status.DOWN)],
)
async def test_outside_endpoint_is_judged_by_its_list_of_models(status: int, expected: Status) -> None:
    server = FakeServer(status, {"data": []})

    found = await ask(server, lambda url: probe_endpoint(f"{url}/v1/", "key", PATIENT_S))

    assert found.status == expected
    assert server.requests[0].startswith("GET /v1/models ")
    assert "authorization: bearer key" in server.requests[0].lower()


async def test_endpoint_without_a_key_gets_none() -> None:
    server = FakeServer(body={"data": []})

    await ask(server, lambda url: probe_endpoint(url, "", PATIENT_S))

    assert "authorization" not in server.requests[0].lower()


async def test_workers_and_signs_of_life_are_read_from_redis(tmp_path: Path) -> None:
    with embedded_redis(tmp_path, valkey.socket_path(tmp_path)) as url:
        assert (await probe_redis(url, PATIENT_S)).status == Status.OK
        assert await probe_workers(url, PATIENT_S) == Health(Status.DOWN, "No worker is running.")
        with redis.Redis.from_url(redis_url(url)) as client:
            client.set("kb:worker:a@host", 17)
            client.set("kb:worker:b@host", 18)

        assert await probe_workers(url, PATIENT_S) == Health(Status.OK, facts={"count": 2})
        assert (await probe_sign_of_life(url, "kb:worker:a@host", 17, PATIENT_S)).status == Status.OK
        assert (await probe_sign_of_life(url, "kb:worker:a@host", 18, PATIENT_S)).status == Status.DOWN
        assert (await probe_sign_of_life(url, "kb:worker:c@host", 17, PATIENT_S)).status == Status.DOWN


async def test_without_redis_nobody_knows_whether_a_worker_lives() -> None:
    """case 33: Redis is down; restarting the worker would not help."""
    found = await probe_sign_of_life("redis://127.0.0.1:1/0", "kb:worker:a@host", 17)

    assert found.status == Status.UNKNOWN
