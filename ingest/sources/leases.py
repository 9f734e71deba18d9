"""Who works on a source."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ingest.row_leases import LeaseLostError, RowLease, is_free
from ingest.sources.models import RunState, Source, SourceRun, SourceState


@dataclass(frozen=True)
class SourceLease(RowLease[Source]):
    """The right to work on a source until it expires; pausing and removing take it away."""

    source_id: int
    token: uuid.UUID
    length_s: int

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
        self._let_go(**changes)

    def _held(self) -> QuerySet[Source]:
        return Source.objects.filter(
            pk=self.source_id, lease_token=self.token, state=SourceState.ACTIVE, collection__deleted_at=None
        )


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
    if not lease.take(free, now):
        return None
    run, _ = SourceRun.objects.get_or_create(
        source_id=source_id, state=RunState.RUNNING, defaults={"started_at": now}
    )
    return lease, run
