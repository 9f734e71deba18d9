"""How a request passes between the event loop and its thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.core.signals import request_finished, request_started
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from pytest_django.fixtures import Settings

from kb.body_limit import Application
from kb.handler import OneThreadHandler
from kb.request_threads import RequestThreads

BLOCKS = 5
PATIENT_S = 60.0
seen: list[threading.Thread] = []
ended = threading.Event()
may_answer = threading.Event()
closed: list[str] = []
troubles: list[Exception] = []


def plain(request: HttpRequest) -> HttpResponse:
    seen.append(threading.current_thread())
    return HttpResponse(b"got " + request.body)


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(BytesIO(b"x" * BLOCKS * OneThreadHandler.chunk_size))


def _once_allowed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Note what goes wrong with the body, and the end of the response."""
    seen.append(threading.current_thread())
    assert may_answer.wait(PATIENT_S)
    try:
        assert request.body == b"body" or not request.body
    except ValueError as error:
        troubles.append(error)
    path = request.path
    response._resource_closers.append(lambda: closed.append(path))  # type: ignore[attr-defined]
    return response


def slow(request: HttpRequest) -> HttpResponseBase:
    return _once_allowed(request, HttpResponse(b"late"))


def slow_file(request: HttpRequest) -> HttpResponseBase:
    return _once_allowed(request, file(request))


def stream(request: HttpRequest) -> HttpResponseBase:
    return _once_allowed(request, StreamingHttpResponse(_endless()))


def waiting(request: HttpRequest) -> HttpResponseBase:
    seen.append(threading.current_thread())
    async_to_sync(asyncio.sleep)(10 * PATIENT_S)
    return HttpResponse(b"never")


async def _endless() -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"tick"
            await asyncio.sleep(0.01)
    finally:
        ended.set()


urlpatterns = [
    path("plain", plain),
    path("file", file),
    path("stream", stream),
    path("slow", slow),
    path("slow-file", slow_file),
    path("waiting", waiting),
]


class Client:
    """One connection: what it sends, what it got, and when it leaves."""

    def __init__(self, url: str, body: bytes = b"") -> None:
        self.scope = {"type": "http", "method": "POST", "path": url, "headers": [], "query_string": b""}
        self.scope["headers"] = [(b"content-length", str(len(body)).encode()), (b"host", b"localhost")]
        self._to_send = [{"type": "http.request", "body": body}]
        self.got: list[Mapping[str, Any]] = []
        self.leaves = asyncio.Event()
        self.served = asyncio.Event()

    async def ask(self, application: RequestThreads | None = None) -> bytes:
        await (application or OneThreadHandler())(self.scope, self._receive, self._send)  # type: ignore[arg-type]
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
    for noted in (seen, closed, troubles):
        noted.clear()
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
    await asyncio.wait_for(asked, PATIENT_S)
    assert ended.is_set()


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["/stream", "/slow-file", "/slow"])
async def test_a_client_that_leaves_early_is_seen_off_when_its_thread_is_through(view: str) -> None:
    """Its body, its response and its thread are nobody else's before."""
    may_answer.clear()
    client = Client(view, b"body")
    threads = RequestThreads(cast("Application", OneThreadHandler()))
    asked = asyncio.create_task(client.ask(threads))
    while not seen:
        await asyncio.sleep(0.01)
    client.leaves.set()
    await asyncio.sleep(0.1)
    assert not asked.done()
    other = Client("/plain", b"other")
    assert await asyncio.wait_for(other.ask(threads), PATIENT_S) == b"got other"
    assert seen[0] is not seen[1]
    may_answer.set()
    await asyncio.wait_for(asked, PATIENT_S)
    assert not troubles
    assert closed == [view]
    assert ended.is_set() == (view == "/stream")


@pytest.mark.django_db
async def test_a_view_that_waits_is_cancelled_and_ends_the_request() -> None:
    finished: list[str] = []

    def note(**_: object) -> None:
        finished.append("finished")

    request_finished.connect(note)
    client = Client("/waiting")
    asked = asyncio.create_task(client.ask())
    try:
        while not seen:
            await asyncio.sleep(0.01)
        client.leaves.set()
        await asyncio.wait_for(asked, PATIENT_S)
    finally:
        request_finished.disconnect(note)
    assert finished == ["finished"]
    assert client.got == []


async def test_client_that_leaves_before_its_body_came_is_forgotten() -> None:
    client = Client("/plain")
    client._to_send = [{"type": "http.disconnect"}]
    assert await client.ask() == b""
    assert seen == []
