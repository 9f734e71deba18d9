"""How a run ends: done, or with a question for the managers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from ingest.sources.leases import SourceLease
from ingest.sources.models import Question, RunState, Source, SourceRun, SourceState


@transaction.atomic
def end_run(lease: SourceLease, run: SourceRun, now: datetime, state: RunState, reason: str = "") -> None:
    """Raises LeaseLostError when the run is no longer ours to end."""
    source = lease.prove()
    SourceRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
        state=state, reason=reason, finished_at=now
    )
    Source.objects.filter(pk=source.pk, next_run_at__lte=now).update(
        next_run_at=now + timedelta(minutes=source.every_minutes)
    )


@transaction.atomic
def ask(lease: SourceLease, run: SourceRun, now: datetime, question: Question, reason: str) -> None:
    """Stop, and wait until a manager has decided."""
    end_run(lease, run, now, RunState.ASKED, reason)
    lease.release(state=SourceState.ASKING, question=question, reason=reason)


def let_go(source_id: int, now: datetime, reason: str) -> None:
    """Take the source away from whoever works on it, in the caller's transaction."""
    Source.objects.filter(pk=source_id).update(lease_token=None, lease_until=None)
    SourceRun.objects.filter(source_id=source_id, state=RunState.RUNNING).update(
        state=RunState.STOPPED, reason=reason, finished_at=now
    )
