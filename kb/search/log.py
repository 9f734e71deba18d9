"""Writing the log of searchable changes."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from django.db import connection, transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from kb.search.models import IndexEvent, IndexGeneration, Operation

WAKE_CHANNEL = "kb:index"
_ADVISORY_LOCK = 0x6B62_6C6F_67  # "kblog": any fixed number that no one else uses


def append(generation: IndexGeneration, operation: Operation, document_ids: list[int]) -> None:
    """Write one event per document, inside the caller's transaction, in commit order.

    A tailer reads "everything after the last seq I saw", so a smaller seq must never become visible later
    than a larger one. SQLite has one writer at a time; on PostgreSQL a lock held until commit does it.

    Raises:
        TransactionManagementError: called outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Index events belong into the transaction they describe."
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
    for document_id in document_ids:
        IndexEvent.objects.create(generation=generation, operation=operation, document_id=document_id)
    transaction.on_commit(wake, robust=True)


def end() -> int:
    """The seq of the last committed event of any generation; 0 when there is none."""
    return IndexEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def wake() -> None:
    """Tell the search servers to look; they poll as well, so a lost hint costs a second at most."""
    redis_client().publish(WAKE_CHANNEL, "")


def redis_client() -> redis.Redis:
    """This process's client. It gives up after a second: Redis carries hints, and nobody waits for a hint."""
    return _client(settings.CELERY_BROKER_URL)


@cache
def _client(broker_url: str) -> redis.Redis:
    url = broker_url.replace("redis+socket://", "unix://")
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
