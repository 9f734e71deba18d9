"""A real embedded Redis server for tests."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from kb.supervise import valkey
from kb.supervise.health import redis_url


@contextmanager
def embedded_redis(run_dir: Path, socket: Path) -> Iterator[str]:
    """Run the server as `manage.py up` does; gives its address in Celery's words."""
    argv = valkey.command(valkey.write_config(socket, run_dir))
    url = valkey.broker_url(socket)
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()
    valkey.remove_socket(socket, run_dir)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    with redis.Redis.from_url(redis_url(url)) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.02)
