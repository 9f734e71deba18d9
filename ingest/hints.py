"""Messages that make workers look at the jobs. The rows are the queue; a message only wakes somebody.

A message costs a worker some 15 ms, as much as a small document. So only the first waiting jobs get one each,
enough to wake every thread there is, and a thread that is awake works off what waits behind them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from ingest.lanes import Lane, Lanes
from ingest.models import IngestJob, JobState

logger = logging.getLogger(__name__)

ENOUGH = 32  # messages under way; the sweeper wakes more threads where there are more
_AWAKE_S = 2.0  # so that a worker that is told to stop does so in time, and other tasks get their turn


def hint(job: IngestJob, now: datetime) -> None:
    """Tell a worker of a queued job after the commit, unless enough have been told of others."""
    under_way = IngestJob.objects.filter(state=JobState.QUEUED, hinted_at__isnull=False).exclude(pk=job.pk)
    if under_way[:ENOUGH].count() < ENOUGH:
        send(job, now)


def send(job: IngestJob, now: datetime) -> None:
    """Tell a worker after the commit. If the broker is down, the sweeper says it again later."""
    from ingest.tasks import ingest_document

    def deliver() -> None:
        try:
            ingest_document.delay(job.pk)
        except ingest_document.OperationalError as error:
            logger.warning("The broker is down, job %s waits for the sweeper: %s", job.pk, error)

    IngestJob.objects.filter(pk=job.pk, state=JobState.QUEUED).update(hinted_at=now)
    transaction.on_commit(deliver)


def work_off(
    job_id: int,
    run: Callable[[int], None],
    clock: Callable[[], float],
    now: Callable[[], datetime],
    lanes: Lanes,
) -> None:
    """Run this job, then those that wait longest, for a moment; then pass on what is left.

    Where every lane is held the message is dropped: whoever holds one looks at what waits.

    Args:
        run: runs one job by its id, if nobody else does.
        clock: seconds, monotonic.
        now: the time of day.
    """
    lane = lanes.enter()
    if lane is None:
        return
    try:
        _work_in(lane, job_id, run, clock, lanes)
    finally:
        lanes.leave(lane)
    # Looked at after leaving: a message that found no lane until then has been dropped.
    waiting = _longest_waiting(lane, lanes)
    if waiting is not None:
        send(waiting, now())


def _work_in(
    lane: Lane, job_id: int, run: Callable[[int], None], clock: Callable[[], float], lanes: Lanes
) -> None:
    until = clock() + _AWAKE_S
    own = lanes.fitting(lane, IngestJob.objects.filter(pk=job_id, state=JobState.QUEUED)).first()
    job = own or _longest_waiting(lane, lanes)
    while job is not None:
        lanes.begin(lane, job.pk)
        run(job.pk)
        job = _longest_waiting(lane, lanes) if clock() < until else None


def _longest_waiting(lane: Lane, lanes: Lanes) -> IngestJob | None:
    """Jobs that were tried before are left to the sweeper: what broke them off may need a while to pass."""
    waiting = IngestJob.objects.filter(state=JobState.QUEUED, attempts=0)
    return lanes.fitting(lane, waiting).order_by("pk").first()
