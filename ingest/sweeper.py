"""Bringing back what was lost: jobs whose worker died, and hints that never arrived."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ingest.failures import GAVE_UP, mark_failed
from ingest.hints import ENOUGH, send
from ingest.leases import MOST_ATTEMPTS
from ingest.models import IngestJob, JobState
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import PENDING, Document, Status
from kb.library.services import hold_documents
from kb.search.log import redis_client

logger = logging.getLogger(__name__)

_HINT_IS_LOST_AFTER = timedelta(seconds=15)
_AT_ONCE = 500


def sweep_jobs(now: datetime | None = None) -> None:
    """Queue or fail jobs with an expired lease, then repeat lost hints."""
    now = now or timezone.now()
    expired = IngestJob.objects.filter(state=JobState.LEASED, lease_until__lt=now)
    for job in expired.order_by("pk")[:_AT_ONCE]:
        _take_back(job, now)
    if _broker_queue_is_empty():
        _repeat_hints(now)


@transaction.atomic
def _take_back(job: IngestJob, now: datetime) -> None:
    """Compare-and-set on the token: a worker that is slow but alive may have renewed the lease meanwhile."""
    hold_documents(Document.objects.filter(pk=job.document_id))
    held = IngestJob.objects.filter(
        pk=job.pk, state=JobState.LEASED, lease_token=job.lease_token, lease_until__lt=now
    )
    free = {"lease_token": None, "lease_until": None}
    if job.attempts >= MOST_ATTEMPTS:
        if held.update(state=JobState.FAILED, finished_at=now, **free):
            mark_failed(job.document_id, "worker_died", GAVE_UP)
    elif held.update(state=JobState.QUEUED, **free):
        wanted = Document.objects.filter(pk=job.document_id, status__in=PENDING)
        if wanted.update(status=Status.QUEUED):  # else it was replaced or cancelled: nothing broke
            record(Stage.BROKE_OFF, [job.document_id], attempt=job.attempts, at=now)
        logger.warning("Job %s lost its worker; queued again", job.pk)
        send(job, now)


def _broker_queue_is_empty() -> bool:
    """With messages still waiting, a job that has not started yet is only behind others, not lost."""
    return int(redis_client().llen(settings.CELERY_TASK_DEFAULT_QUEUE)) == 0


@transaction.atomic
def _repeat_hints(now: datetime) -> None:
    lost = IngestJob.objects.filter(
        Q(hinted_at=None) | Q(hinted_at__lt=now - _HINT_IS_LOST_AFTER), state=JobState.QUEUED
    )
    # Those tried before come first: nobody works them off unasked.
    for job in lost.order_by("-attempts", "pk")[:ENOUGH]:
        send(job, now)
