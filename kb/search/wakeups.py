"""Hints from Redis that the log has grown. Losing one, or all of them, costs the delay of a poll."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event

import redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from kb.search.log import WAKE_CHANNEL

logger = logging.getLogger(__name__)

_RECONNECT_S = 5.0
_CONNECT_TIMEOUT_S = 0.5
_DRAIN = 1000


class Wakeups:
    """A subscription that comes and goes with Redis. Used by one thread."""

    def __init__(self, redis_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis_url = redis_url
        self._clock = clock
        self._pubsub: PubSub | None = None
        self._next_try = 0.0
        self._reported = False

    def wait(self, stop: Event, timeout_s: float) -> None:
        """Return at the next hint, after the time-out, or when `stop` is set (then within the time-out)."""
        try:
            pubsub = self._subscribed()
            if pubsub is not None:
                self._wait_for_hint(pubsub, timeout_s)
                return
        except (redis.RedisError, OSError) as error:
            self._lost(error)
        stop.wait(timeout_s)

    def close(self) -> None:
        if self._pubsub is not None:
            self._pubsub.close()
            self._pubsub.connection_pool.disconnect()
            self._pubsub = None

    def _subscribed(self) -> PubSub | None:
        if self._pubsub is None and self._clock() >= self._next_try:
            self._next_try = self._clock() + _RECONNECT_S
            # Without this `retry` the client may itself wait and try again, and nothing would be polled.
            client = redis.Redis.from_url(
                self._redis_url,
                socket_connect_timeout=_CONNECT_TIMEOUT_S,
                socket_timeout=_CONNECT_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
            )
            pubsub: PubSub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            pubsub.subscribe(WAKE_CHANNEL)
            self._pubsub = pubsub
            if self._reported:
                logger.info("Redis is back; changes are announced again.")
                self._reported = False
        return self._pubsub

    def _wait_for_hint(self, pubsub: PubSub, timeout_s: float) -> None:
        if pubsub.get_message(timeout=timeout_s) is None:
            return
        for _ in range(_DRAIN):  # a hundred hints are one reason to look
            if pubsub.get_message(timeout=0) is None:
                return

    def _lost(self, error: Exception) -> None:
        try:
            self.close()
        except (redis.RedisError, OSError):
            self._pubsub = None
        if not self._reported:
            logger.warning("Redis cannot be reached (%s); looking for changes twice a second instead.", error)
            self._reported = True
