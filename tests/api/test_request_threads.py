"""Which thread a request's synchronous code runs in."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from kb.body_limit import Message, Receive, Scope, Send
from kb.request_threads import RequestThreads


async def ask(application: RequestThreads) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await application({"type": "http"}, receive, send)


class Recorder:
    """An application that notes the threads of each request's synchronous steps."""

    def __init__(self) -> None:
        self.threads: list[set[threading.Thread]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen: set[threading.Thread] = set()
        self.threads.append(seen)
        seen.add(await sync_to_async(threading.current_thread)())
        await self.go_on.wait()
        seen.add(await sync_to_async(threading.current_thread)())


async def test_later_request_runs_in_the_same_thread() -> None:
    recorder = Recorder()
    application = RequestThreads(recorder)
    for _ in range(3):
        await ask(application)
    assert len(set.union(*recorder.threads)) == 1


async def test_requests_at_the_same_time_never_share_a_thread() -> None:
    recorder = Recorder()
    application = RequestThreads(recorder)
    recorder.go_on.clear()
    asked = [asyncio.create_task(ask(application)) for _ in range(5)]
    while sum(map(len, recorder.threads)) < 5:
        await asyncio.sleep(0)
    recorder.go_on.set()
    await asyncio.gather(*asked)
    assert [len(threads) for threads in recorder.threads] == [1] * 5
    assert len(set.union(*recorder.threads)) == 5


async def test_thread_is_used_again_after_a_request_that_failed() -> None:
    seen: list[threading.Thread] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(await sync_to_async(threading.current_thread)())
        if len(seen) == 1:
            raise ValueError

    threads = RequestThreads(application)
    with pytest.raises(ValueError, match=r"^$"):
        await ask(threads)
    await ask(threads)
    assert seen[0] is seen[1]


@pytest.mark.django_db(transaction=True)
async def test_thread_beyond_those_kept_closes_its_connection_and_ends() -> None:
    seen: list[tuple[threading.Thread, object]] = []

    def query() -> None:
        connection.ensure_connection()
        seen.append((threading.current_thread(), connection.connection))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await sync_to_async(query)()

    threads = RequestThreads(application, kept=0)
    await ask(threads)
    await ask(threads)
    (first, first_connection), (second, second_connection) = seen
    assert first is not second
    assert first_connection is not second_connection
    await asyncio.to_thread(first.join, 10)
    assert not first.is_alive()
