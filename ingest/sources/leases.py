"""Who works on a source: compare-and-set on its row, with a time limit and a token."""

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
from ingest.sources.models import RunState, Source, SourceRun, SourceState


@dataclass(frozen=True)
class SourceLease:
    """The right to work on a source until it expires; pausing and removing take it away."""

    source_id: int
    token: uuid.UUID
    length_s: int

    def renew(self, now: datetime) -> None:
        """Hold it longer. Raises LeaseLostError when it was taken away."""
        if not self._held().update(lease_until=now + timedelta(seconds=self.length_s)):
            raise LeaseLostError

    def prove(self) -> Source:
        """The source, which nobody takes away before the caller's transaction ends.

        Raises:
            LeaseLostError: it was taken away already; the caller's transaction must roll back.
        """
        source = self._held().select_for_update().first()
        if source is None:
            raise LeaseLostError
        return source

    def release(self, **changes: Any) -> None:
        self._held().update(lease_token=None, lease_until=None, **changes)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it in the background: a listing, or a large file, takes minutes."""
        done = threading.Event()
        thread = threading.Thread(target=self._keep, args=(done,), name="source-lease", daemon=True)
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

    def _held(self) -> QuerySet[Source]:
        return Source.objects.filter(
            pk=self.source_id, lease_token=self.token, state=SourceState.ACTIVE, collection__deleted_at=None
        )


def is_free(now: datetime) -> Q:
    """Nobody works on it, or who did died."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


@transaction.atomic
def acquire(source_id: int, now: datetime, length_s: int) -> tuple[SourceLease, SourceRun] | None:
    """The lease, and the run to go on with: the one that was broken off, or a new one.

    None when somebody works on it already, its time has not come, or it is paused.
    """
    lease = SourceLease(source_id, uuid.uuid4(), length_s)
    free = Source.objects.filter(
        is_free(now),
        pk=source_id,
        state=SourceState.ACTIVE,
        next_run_at__lte=now,
        collection__deleted_at=None,
    )
    if not free.update(lease_token=lease.token, lease_until=now + timedelta(seconds=length_s)):
        return None
    run, _ = SourceRun.objects.get_or_create(
        source_id=source_id, state=RunState.RUNNING, defaults={"started_at": now}
    )
    return lease, run
