"""Real Celery processes on a real Redis server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import redis
from pytest_django import Settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from kb.supervise import heartbeat, valkey
from kb.supervise.health import redis_url
from tests.supervise.embedded import embedded_redis
from tests.supervise.waiting import eventually

WORKER = "worker-x@here"
# Celery and Django start in a few seconds; a busy machine needs more.
START_S = 60.0


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def socket(run_dir: Path) -> Path:
    return valkey.socket_path(run_dir)


@pytest.fixture
def broker(socket: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A client of the server that the test starts; what is tested here uses it too.

    The site's own waits one second for an answer, and a machine may stand still for longer.
    """
    settings.CELERY_BROKER_URL = valkey.broker_url(socket)
    with redis.Redis.from_url(
        redis_url(settings.CELERY_BROKER_URL), socket_timeout=START_S, retry=Retry(NoBackoff(), 0)
    ) as client:
        monkeypatch.setattr(heartbeat, "_client", lambda: client)
        yield client


@contextmanager
def celery(socket: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    program = [sys.executable, "-m", "celery", "--skip-checks", "-A", "tests.supervise.small_celery"]
    environment = {**os.environ, "KB_REDIS_URL": valkey.broker_url(socket)}
    with subprocess.Popen([*program, *arguments], env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=START_S)


def worker(socket: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    quiet = ("--without-gossip", "--without-mingle")
    return celery(socket, "worker", "--pool", "threads", "-c", "1", "--hostname", WORKER, *quiet)


def touch(socket: Path, path: Path) -> None:
    """Send the task that makes the file, from another process, as the site does."""
    with celery(socket, "call", "tests.supervise.small_celery.touch", "--args", f'["{path}"]') as process:
        assert process.wait(timeout=START_S) == 0


async def test_worker_is_alive_while_it_runs(broker: redis.Redis, run_dir: Path, socket: Path) -> None:
    with embedded_redis(run_dir, socket):
        assert heartbeat.workers_alive() == 0
        assert heartbeat.why_nothing_works() == "No worker is running."
        with worker(socket) as process:
            await eventually(lambda: heartbeat.workers_alive() == 1, START_S)
            assert heartbeat.why_nothing_works() == ""
            assert broker.get(f"kb:worker:{WORKER}") == str(process.pid).encode()
            assert 0 < broker.ttl(f"kb:worker:{WORKER}") <= heartbeat.WORKER_TTL_S

        assert heartbeat.workers_alive() == 0


def test_reason_is_given_when_redis_is_down(broker: redis.Redis) -> None:
    """case 33"""
    assert heartbeat.why_nothing_works() == "Redis does not answer."


async def test_killed_worker_counts_only_until_its_key_runs_out(
    broker: redis.Redis, run_dir: Path, socket: Path
) -> None:
    with embedded_redis(run_dir, socket), worker(socket) as process:
        await eventually(lambda: heartbeat.workers_alive() == 1, START_S)
        process.send_signal(signal.SIGKILL)
        process.wait()

        assert 0 < broker.ttl(f"kb:worker:{WORKER}") <= heartbeat.WORKER_TTL_S


async def test_work_flows_again_after_redis_was_killed_and_came_back_empty(
    broker: redis.Redis, run_dir: Path, socket: Path, tmp_path: Path
) -> None:
    """case 33"""
    with embedded_redis(run_dir, socket) as first, worker(socket):
        await eventually(lambda: heartbeat.workers_alive() == 1, START_S)
        os.kill(broker.info()["process_id"], signal.SIGKILL)
        await eventually(lambda: not _answers(broker))
        with embedded_redis(run_dir, socket) as again:
            assert again == first
            touch(socket, tmp_path / "done")
            await eventually((tmp_path / "done").exists, 60)
            await eventually(lambda: heartbeat.workers_alive() == 1)


async def test_beat_is_alive_while_it_publishes(
    broker: redis.Redis, run_dir: Path, socket: Path, tmp_path: Path
) -> None:
    beat = celery(socket, "beat", "--schedule", str(tmp_path / "schedule"))
    with embedded_redis(run_dir, socket), beat as process:
        await eventually(lambda: broker.get(heartbeat.BEAT_KEY) == str(process.pid).encode(), START_S)
        assert 0 < broker.ttl(heartbeat.BEAT_KEY) <= heartbeat.BEAT_TTL_S
        broker.delete(heartbeat.BEAT_KEY)
        await eventually(lambda: broker.exists(heartbeat.BEAT_KEY), START_S)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
