"""Who works on a generation: as with documents, compare-and-set on the row, a time limit and a token."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ingest.leases import LeaseLostError
from kb.search.models import GenerationState, IndexGeneration

WORKABLE = (
    GenerationState.QUEUED,
    GenerationState.BUILDING,
    GenerationState.READY,
    GenerationState.DROPPING,
)


@dataclass(frozen=True)
class GenerationLease:
    """The right to work on a generation until it expires; cancelling and dropping take it away."""

    generation_id: int
    token: uuid.UUID
    length_s: int

    def renew(self, now: datetime, **changes: Any) -> None:
        """Hold it longer, and change the row. Raises LeaseLostError when the lease was taken away."""
        until = now + timedelta(seconds=self.length_s)
        if not self._held().update(lease_until=until, **changes):
            raise LeaseLostError

    def release(self) -> None:
        self._held().update(lease_token=None, lease_until=None)

    def fail(self, reason: str) -> None:
        """End the work with a reason for the admin, unless it was taken away."""
        self._held().filter(serving=False).update(state=GenerationState.FAILED, error=reason)
        self.release()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it in the background: converting a model, or fetching it, takes minutes."""
        done = threading.Event()
        thread = threading.Thread(target=self._keep, args=(done,), name="generation-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(self.length_s / 3):
            try:
                self.renew(timezone.now())
            except LeaseLostError:
                return
            finally:
                connection.close()

    def _held(self) -> QuerySet[IndexGeneration]:
        return IndexGeneration.objects.filter(pk=self.generation_id, lease_token=self.token)


def is_free(now: datetime) -> Q:
    """Nobody works on it, or who did died."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


@transaction.atomic
def acquire(generation_id: int, now: datetime, length_s: int) -> GenerationLease | None:
    """None when somebody works on it already, or there is nothing to do."""
    lease = GenerationLease(generation_id, uuid.uuid4(), length_s)
    free = IndexGeneration.objects.filter(is_free(now), pk=generation_id, state__in=WORKABLE)
    if not free.update(lease_token=lease.token, lease_until=now + timedelta(seconds=length_s)):
        return None
    IndexGeneration.objects.filter(pk=generation_id, state=GenerationState.QUEUED).update(
        state=GenerationState.BUILDING, error=""
    )
    return lease
