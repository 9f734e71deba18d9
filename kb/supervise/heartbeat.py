"""Signs of life of the Celery processes: keys in Redis that vanish when nobody renews them.

`celery inspect ping` takes seconds and a reply queue; a key with a time to live answers at once. A
worker renews its key in its own event loop, so that a loop that hangs stops to give signs of life.
"""

from __future__ import annotations

import functools
import os
from contextlib import suppress
from typing import Any

import redis
from celery.signals import after_task_publish, beat_init, heartbeat_sent, worker_shutdown
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from kb.supervise.health import WORKER_KEYS, redis_url

BEAT_KEY = "kb:beat"
WORKER_TTL_S = 15  # the worker beats every 2 s
BEAT_TTL_S = 60  # the most frequent entry of the schedule is due every 10 s


def connect() -> None:
    """Listen to Celery's signals; they are only sent inside a worker or beat."""
    heartbeat_sent.connect(_worker_lives, weak=False, dispatch_uid="kb-worker-lives")
    worker_shutdown.connect(_worker_left, weak=False, dispatch_uid="kb-worker-left")
    beat_init.connect(_beat_starts, weak=False, dispatch_uid="kb-beat-starts")


def workers_alive() -> int:
    """How many workers gave a sign of life in the last seconds.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    return sum(1 for _ in _client().scan_iter(match=f"{WORKER_KEYS}*", count=1000))


def why_nothing_works() -> str:
    """Why no task is done now; empty when a worker lives."""
    try:
        return "" if workers_alive() else "No worker is running."
    except redis.RedisError:
        return "Redis does not answer."


def _worker_lives(sender: Any, **_: object) -> None:
    _sign(WORKER_KEYS + sender.eventer.hostname, WORKER_TTL_S)


def _worker_left(sender: Any, **_: object) -> None:
    with suppress(redis.RedisError):  # the key runs out by itself
        _client().delete(WORKER_KEYS + sender.hostname)


def _beat_starts(**_: object) -> None:
    _beat_lives()
    # Only now: in every other process, publishing a task is no sign of beat.
    after_task_publish.connect(_beat_lives, weak=False, dispatch_uid="kb-beat-lives")


def _beat_lives(**_: object) -> None:
    _sign(BEAT_KEY, BEAT_TTL_S)


def _sign(key: str, ttl_s: int) -> None:
    """Renew a key; its value says which process renews it."""
    with suppress(redis.RedisError):  # Redis is down: the missing key says what there is to say
        _client().set(key, os.getpid(), ex=ttl_s)


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        redis_url(settings.CELERY_BROKER_URL),
        socket_timeout=1,
        socket_connect_timeout=1,
        # The default tries again for several seconds; the next heartbeat is the retry.
        retry=Retry(NoBackoff(), 0),
    )
