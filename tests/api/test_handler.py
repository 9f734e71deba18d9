"""How a request passes between the event loop and its thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from pytest_django.fixtures import Settings

from kb.handler import OneThreadHandler

BLOCKS = 5
seen: list[threading.Thread] = []
ended = threading.Event()
may_answer = threading.Event()


def plain(request: HttpRequest) -> HttpResponse:
    seen.append(threading.current_thread())
    return HttpResponse(b"got " + request.body)


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(BytesIO(b"x" * BLOCKS * OneThreadHandler.chunk_size))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    assert may_answer.wait(10)
    return StreamingHttpResponse(_endless())


async def _endless() -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"tick"
            await asyncio.sleep(0.01)
    finally:
        ended.set()


urlpatterns = [path("plain", plain), path("file", file), path("stream", stream)]


class Client:
    """One connection: what it sends, what it got, and when it leaves."""

    def __init__(self, url: str, body: bytes = b"") -> None:
        self.scope = {"type": "http", "method": "POST", "path": url, "headers": [], "query_string": b""}
        self.scope["headers"] = [(b"content-length", str(len(body)).encode()), (b"host", b"localhost")]
        self._to_send = [{"type": "http.request", "body": body}]
        self.got: list[Mapping[str, Any]] = []
        self.leaves = asyncio.Event()
        self.served = asyncio.Event()

    async def ask(self) -> bytes:
        await OneThreadHandler()(self.scope, self._receive, self._send)
        return b"".join(message.get("body", b"") for message in self.got)

    async def _receive(self) -> Mapping[str, Any]:
        if self._to_send:
            return self._to_send.pop(0)
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        self.got.append(message)
        if message.get("body"):
            self.served.set()


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    seen.clear()
    ended.clear()
    may_answer.set()


@pytest.mark.django_db
async def test_signals_and_view_run_in_one_thread() -> None:
    def note(**_: object) -> None:
        seen.append(threading.current_thread())

    for signal in (request_started, request_finished):
        signal.connect(note)
    try:
        assert await Client("/plain", b"this").ask() == b"got this"
    finally:
        for signal in (request_started, request_finished):
            signal.disconnect(note)
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert seen[0] is not threading.main_thread()


@pytest.mark.django_db
async def test_file_is_sent_block_by_block() -> None:
    client = Client("/file")
    assert len(await client.ask()) == BLOCKS * OneThreadHandler.chunk_size
    assert len([message for message in client.got if message.get("body")]) == BLOCKS


@pytest.mark.django_db
async def test_stream_ends_when_the_client_leaves() -> None:
    client = Client("/stream")
    asked = asyncio.create_task(client.ask())
    await client.served.wait()
    assert not ended.is_set()
    client.leaves.set()
    await asyncio.wait_for(asked, 10)
    assert ended.is_set()


@pytest.mark.django_db
async def test_nothing_is_streamed_to_a_client_that_left_before() -> None:
    may_answer.clear()
    client = Client("/stream")
    asked = asyncio.create_task(client.ask())
    await asyncio.sleep(0)
    client.leaves.set()
    await asyncio.sleep(0.1)
    may_answer.set()
    await asyncio.wait_for(asked, 10)
    assert client.got == []


async def test_client_that_leaves_before_its_body_came_is_forgotten() -> None:
    client = Client("/plain")
    client._to_send = [{"type": "http.disconnect"}]
    assert await client.ask() == b""
    assert seen == []
