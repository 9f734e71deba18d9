"""Celery tasks: each takes ids, tolerates rows that are gone, and calls one function.

The heavy imports are inside, because the web process imports this module to send hints.
"""

from __future__ import annotations

from celery import shared_task


@shared_task
def ingest_document(job_id: int) -> None:
    """Run one job, if nobody else does, and what waits behind it."""
    import time

    from django.utils import timezone

    from ingest.hints import work_off
    from ingest.pipeline import run_job

    work_off(job_id, run_job, time.monotonic, timezone.now)


@shared_task
def sweep() -> None:
    """Bring back jobs whose worker died or whose hint was lost."""
    from ingest.sweeper import sweep_jobs

    sweep_jobs()


@shared_task
def purge() -> None:
    """Remove the content of deleted documents."""
    from ingest.purge import purge_deleted

    purge_deleted()
