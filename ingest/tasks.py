"""Celery tasks: each takes ids, tolerates rows that are gone, and calls one function.

The heavy imports are inside, because the web process imports this module to send hints.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from celery import shared_task

if TYPE_CHECKING:
    from ingest.lanes import Lanes


@shared_task
def ingest_document(job_id: int) -> None:
    """Run one job, if nobody else does, and what waits behind it."""
    import time

    from django.utils import timezone

    from ingest.hints import work_off
    from ingest.pipeline import run_job

    work_off(job_id, run_job, time.monotonic, timezone.now, _lanes())


@shared_task
def embed_generation(generation_id: int) -> None:
    """Work on a generation beside the one that serves for a moment, if nobody else does, and pass it on."""
    import time

    from django.utils import timezone

    from ingest.embedding import encoders
    from ingest.generation_hints import AWAKE_S, send
    from ingest.reembedding import Moment, work_on

    if work_on(generation_id, encoders, Moment(time.monotonic, time.monotonic() + AWAKE_S, timezone.now)):
        send(generation_id)


@shared_task
def sync_source(source_id: int) -> None:
    """Work on a source for a moment, if nobody else does, and pass it on."""
    import time

    from django.utils import timezone

    from ingest.generation_hints import AWAKE_S
    from ingest.reembedding import Moment
    from ingest.sources.hints import send
    from ingest.sources.syncing import sync

    if sync(source_id, Moment(time.monotonic, time.monotonic() + AWAKE_S, timezone.now)):
        send(source_id)


@shared_task
def sweep() -> None:
    """Bring back jobs whose worker died or whose hint was lost; find generations and sources to work on."""
    from django.utils import timezone

    from ingest.generation_hints import send, waiting_generations
    from ingest.sources import hints as source_hints
    from ingest.sweeper import sweep_jobs

    sweep_jobs()
    for generation_id in waiting_generations(timezone.now()):
        send(generation_id)
    for source_id in source_hints.due_sources(timezone.now()):
        source_hints.send(source_id)


@shared_task
def purge() -> None:
    """Remove the content of deleted documents, and keep rules in order."""
    from django.utils import timezone

    from ingest.purge import purge_deleted
    from kb.rules.upkeep import keep_up

    purge_deleted()
    keep_up(timezone.now())


@cache
def _lanes() -> Lanes:
    """Those of this process."""
    import time

    from ingest.lanes import Lanes
    from kb.conf import config

    return Lanes(config.worker_threads, time.monotonic)
