"""The last step of a run: what vanished is deleted after its grace, unless it is much."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from ingest.sources.leases import SourceLease
from ingest.sources.models import Source, SourceFile, SourceRun
from ingest.sources.moving import forget

MOST_PERCENT = 20


def too_many_vanished(source: Source) -> str:
    """Why a person must be asked before anything is deleted; empty when nobody must."""
    known = source.files.exclude(sha256="")
    total = known.count()
    asked = known.filter(missing_since__isnull=False, missing_agreed=False).count()
    if asked * 100 <= MOST_PERCENT * total:
        return ""
    return (
        f"{asked} of {total} files are no longer there. Nothing was deleted. "
        "Confirm if they are really gone, or reject and look after the source."
    )


def next_gone(source: Source, now: datetime) -> SourceFile | None:
    """A file whose grace is over."""
    gone = source.files.filter(missing_since__lte=now - timedelta(hours=source.grace_hours))
    return gone.order_by("pk").first()


@transaction.atomic
def delete_file(lease: SourceLease, run: SourceRun, row: SourceFile) -> None:
    """Raises LeaseLostError when nothing may be changed any more."""
    forget(lease.prove(), row)
    row.delete()
    SourceRun.objects.filter(pk=run.pk).update(deleted=F("deleted") + 1)
