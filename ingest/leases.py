"""Who works on a job.

Whoever changes a document and its job in one transaction takes the document first: a worker that took its job
first and a person who cancels the document would wait for each other.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from ingest.models import IngestJob, JobState
from ingest.row_leases import LeaseLostError, RowLease
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import PENDING, Document, Status
from kb.library.services import hold_documents

MOST_ATTEMPTS = 3


@dataclass(frozen=True)
class Lease(RowLease[IngestJob]):
    """The right to work on a job until it expires."""

    job_id: int
    document_id: int
    token: uuid.UUID
    length_s: int

    def finish(self, now: datetime, *, failed: bool = False) -> None:
        """End the job. Inside the transaction that changes the document, so that both happen or neither.

        Raises:
            LeaseLostError: the lease was taken away; the caller's transaction must roll back.
        """
        if not self._let_go(state=JobState.FAILED if failed else JobState.DONE, finished_at=now):
            raise LeaseLostError

    def release(self) -> None:
        """Give the job back to the queue; the attempt stays counted."""
        if self._let_go(state=JobState.QUEUED, hinted_at=None):
            wanted = Document.objects.filter(pk=self.document_id, status__in=PENDING)
            if wanted.update(status=Status.QUEUED):  # else it was replaced or cancelled: nothing broke
                record(Stage.BROKE_OFF, [self.document_id])

    def _held(self) -> QuerySet[IngestJob]:
        return IngestJob.objects.filter(pk=self.job_id, state=JobState.LEASED, lease_token=self.token)


@transaction.atomic
def acquire(job_id: int, now: datetime, length_s: int) -> Lease | None:
    """Take a queued job whose document still wants to be parsed; None when there is nothing to do."""
    token = uuid.uuid4()
    waiting = IngestJob.objects.filter(pk=job_id, state=JobState.QUEUED)
    document_ids = hold_documents(Document.objects.filter(pk__in=waiting.values("document_id")))
    taken = document_ids and waiting.update(
        state=JobState.LEASED,
        lease_token=token,
        lease_until=now + timedelta(seconds=length_s),
        attempts=F("attempts") + 1,
    )
    if not taken:
        return None
    (document_id,) = document_ids
    attempt = IngestJob.objects.values_list("attempts", flat=True).get(pk=job_id)
    lease = Lease(job_id, document_id, token, length_s)
    wanted = Document.objects.filter(
        pk=document_id, status__in=PENDING, superseded_at=None, deleted_at=None
    ).update(
        status=Status.PARSING, started_at=now, progress_step="parsing", progress_current=0, progress_maximum=0
    )
    if not wanted:
        lease.finish(now, failed=True)
        return None
    record(Stage.PARSING, [document_id], attempt=attempt, at=now)
    return lease
