"""Who works on a generation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from ingest.row_leases import RowLease, is_free
from kb.search.models import GenerationState, IndexGeneration

WORKABLE = (
    GenerationState.QUEUED,
    GenerationState.BUILDING,
    GenerationState.READY,
    GenerationState.DROPPING,
)


@dataclass(frozen=True)
class GenerationLease(RowLease[IndexGeneration]):
    """The right to work on a generation until it expires; cancelling and dropping take it away."""

    generation_id: int
    token: uuid.UUID
    length_s: int

    def release(self) -> None:
        self._let_go()

    def fail(self, reason: str) -> None:
        """End the work with a reason for the admin, unless it was taken away."""
        self._held().filter(serving=False).update(state=GenerationState.FAILED, error=reason)
        self.release()

    def _held(self) -> QuerySet[IndexGeneration]:
        return IndexGeneration.objects.filter(pk=self.generation_id, lease_token=self.token)


@transaction.atomic
def acquire(generation_id: int, now: datetime, length_s: int) -> GenerationLease | None:
    """None when somebody works on it already, or there is nothing to do."""
    lease = GenerationLease(generation_id, uuid.uuid4(), length_s)
    free = IndexGeneration.objects.filter(is_free(now), pk=generation_id, state__in=WORKABLE)
    if not lease.take(free, now):
        return None
    IndexGeneration.objects.filter(pk=generation_id, state=GenerationState.QUEUED).update(
        state=GenerationState.BUILDING, error=""
    )
    return lease
