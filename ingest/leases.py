"""Who works on a job: compare-and-set on its row, with a time limit and a token."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from ingest.models import IngestJob, JobState
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import PENDING, Document, Status

MOST_ATTEMPTS = 3


class LeaseLostError(Exception):
    """Somebody else holds the job now, or its document was deleted: stop, and change nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job until it expires."""

    job_id: int
    document_id: int
    token: uuid.UUID
    length_s: int

    def renew(self, now: datetime) -> None:
        """Raises LeaseLostError when the lease was taken away."""
        held = IngestJob.objects.filter(pk=self.job_id, state=JobState.LEASED, lease_token=self.token)
        if not held.update(lease_until=now + timedelta(seconds=self.length_s)):
            raise LeaseLostError

    def finish(self, now: datetime, *, failed: bool = False) -> None:
        """End the job. Inside the transaction that changes the document, so that both happen or neither.

        Raises:
            LeaseLostError: the lease was taken away; the caller's transaction must roll back.
        """
        held = IngestJob.objects.filter(pk=self.job_id, state=JobState.LEASED, lease_token=self.token)
        state = JobState.FAILED if failed else JobState.DONE
        if not held.update(state=state, lease_token=None, lease_until=None, finished_at=now):
            raise LeaseLostError

    def release(self) -> None:
        """Give the job back to the queue; the attempt stays counted."""
        held = IngestJob.objects.filter(pk=self.job_id, state=JobState.LEASED, lease_token=self.token)
        if held.update(state=JobState.QUEUED, lease_token=None, lease_until=None, hinted_at=None):
            Document.objects.filter(pk=self.document_id, status__in=PENDING).update(status=Status.QUEUED)
            record(Stage.BROKE_OFF, [self.document_id])


@transaction.atomic
def acquire(job_id: int, now: datetime, length_s: int) -> Lease | None:
    """Take a queued job whose document still wants to be parsed; None when there is nothing to do."""
    token = uuid.uuid4()
    waiting = IngestJob.objects.filter(pk=job_id, state=JobState.QUEUED)
    taken = waiting.update(
        state=JobState.LEASED,
        lease_token=token,
        lease_until=now + timedelta(seconds=length_s),
        attempts=F("attempts") + 1,
    )
    if not taken:
        return None
    document_id, attempt = IngestJob.objects.values_list("document_id", "attempts").get(pk=job_id)
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
