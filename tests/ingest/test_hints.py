"""Who is woken for a job, and what a worker does once it is awake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from ingest.hints import ENOUGH, work_off
from ingest.lanes import SLOW_S, Lanes
from ingest.leases import acquire
from ingest.models import IngestJob, JobState
from ingest.sweeper import _repeat_hints
from tests.ingest.conftest import Submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs(submit: Submit) -> list[IngestJob]:
    """More jobs than are announced."""
    for number in range(ENOUGH + 3):
        submit(f"Text {number}", name=f"{number}.md")
    return list(IngestJob.objects.order_by("pk"))


def finish(job_id: int) -> None:
    """Stands for the pipeline."""
    lease = acquire(job_id, timezone.now(), 60)
    if lease is not None:
        lease.finish(timezone.now())


def lanes(number: int = 3) -> Lanes:
    return Lanes(number, lambda: 0.0)


def ticking() -> Iterator[float]:
    return map(float, count())


def test_only_the_first_waiting_jobs_are_announced(jobs: list[IngestJob]) -> None:
    assert [job.hinted_at is not None for job in jobs] == [True] * ENOUGH + [False] * 3


def test_nothing_is_announced_twice_and_the_next_is_when_one_was_taken(
    jobs: list[IngestJob], submit: Submit, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    finish(jobs[0].pk)
    with django_capture_on_commit_callbacks() as sent:
        submit("Later", name="later.md")
        submit("Last", name="last.md")
    assert len(sent) == 1
    later = IngestJob.objects.filter(pk__gt=jobs[-1].pk).order_by("pk")
    assert [job.hinted_at is not None for job in later] == [True, False]


def test_worker_that_is_awake_works_off_everything(jobs: list[IngestJob]) -> None:
    work_off(jobs[5].pk, finish, clock=lambda: 0.0, now=timezone.now, lanes=lanes())
    assert {job.state for job in IngestJob.objects.all()} == {JobState.DONE}


def test_worker_takes_its_own_job_then_the_oldest(jobs: list[IngestJob]) -> None:
    order: list[int] = []

    def run(job_id: int) -> None:
        order.append(job_id)
        finish(job_id)

    work_off(jobs[5].pk, run, clock=lambda: 0.0, now=timezone.now, lanes=lanes())
    assert order == [jobs[5].pk, *(job.pk for job in jobs if job != jobs[5])]


def test_worker_passes_on_what_is_left_when_its_time_is_up(
    jobs: list[IngestJob], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    times = ticking()
    with django_capture_on_commit_callbacks() as sent:
        work_off(jobs[0].pk, finish, clock=lambda: next(times), now=timezone.now, lanes=lanes())
    left = IngestJob.objects.filter(state=JobState.QUEUED)
    assert 0 < left.count() < len(jobs) - 1
    assert len(sent) == 1


def test_job_that_broke_off_is_left_to_the_sweeper(jobs: list[IngestJob]) -> None:
    tried: list[int] = []

    def break_off(job_id: int) -> None:
        tried.append(job_id)
        lease = acquire(job_id, timezone.now(), 60)
        if lease is not None:
            lease.release()

    work_off(jobs[0].pk, break_off, clock=lambda: 0.0, now=timezone.now, lanes=lanes())
    assert sorted(tried) == [job.pk for job in jobs]


def test_sweeper_announces_first_what_broke_off(
    jobs: list[IngestJob], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    lease = acquire(jobs[-1].pk, timezone.now(), 60)
    assert lease is not None
    lease.release()
    later: datetime = timezone.now() + timedelta(minutes=1)
    with django_capture_on_commit_callbacks() as sent:
        _repeat_hints(later)
    assert len(sent) == ENOUGH
    assert IngestJob.objects.get(pk=jobs[-1].pk).hinted_at == later


class Slow:
    """Documents that are read for as long as the test wants, each in a lane."""

    def __init__(self, submit: Submit, number: int, size: int = 2000) -> None:
        self.now = 0.0
        self.lanes = Lanes(number, lambda: self.now)
        for at in range(number):
            lane = self.lanes.enter()
            assert lane is not None
            job = submit(f"{at}" + "x" * size, name=f"slow-{at}.pdf").document.job
            assert acquire(job.pk, timezone.now(), 60)
            self.lanes.begin(lane, job.pk)

    def work(self, job: IngestJob) -> list[int]:
        """What is run where a message about this job arrives now."""
        ran: list[int] = []

        def run(job_id: int) -> None:
            ran.append(job_id)
            finish(job_id)

        work_off(job.pk, run, clock=lambda: 0.0, now=timezone.now, lanes=self.lanes)
        return ran


def test_message_never_waits_for_documents_that_are_being_read(submit: Submit) -> None:
    slow = Slow(submit, number=2)
    quick = submit("Quick", name="quick.md").document.job
    assert slow.work(quick) == []
    quick.refresh_from_db()
    assert quick.state == JobState.QUEUED


def test_quick_files_pass_those_that_take_long(submit: Submit) -> None:
    slow = Slow(submit, number=3)
    large = submit("y" * 1999, name="large.pdf").document.job
    small = submit("small", name="small.pdf").document.job
    other = submit("other", name="other.md").document.job
    slow.now = SLOW_S
    assert slow.work(large) == [small.pk, other.pk]


def test_what_came_while_no_lane_was_free_is_not_forgotten(
    jobs: list[IngestJob], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """The message about the last came between the last look of the one at work and its leaving."""
    found, dropped = lanes(1), [False]

    def run(job_id: int) -> None:
        work_off(jobs[-1].pk, finish, clock=lambda: 0.0, now=timezone.now, lanes=found)
        dropped[0] = IngestJob.objects.get(pk=jobs[-1].pk).state == JobState.QUEUED
        finish(job_id)

    times = iter((0.0, 9.0))
    with django_capture_on_commit_callbacks() as sent:
        work_off(jobs[0].pk, run, clock=lambda: next(times), now=timezone.now, lanes=found)
    assert dropped == [True]
    assert len(sent) == 1
