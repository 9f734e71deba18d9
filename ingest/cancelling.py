"""Taking documents out of the work: those that wait, and those that a worker has in hand."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from ingest.models import IngestJob, JobState
from kb.accounts.models import User
from kb.exceptions import ConflictError
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import CANCELLED, PENDING, Document, Status
from kb.library.services import hold_documents


@transaction.atomic
def cancel_documents(document_ids: Iterable[int], by: User) -> list[int]:
    """Stop the work on those that are queued or running; ids of these.

    A worker that has one in hand finds its lease gone at its next sign of life, within seconds, and changes
    nothing: the compare-and-set of publishing and this one cannot both succeed.
    """
    rows = Document.objects.filter(
        pk__in=list(document_ids), status__in=PENDING, superseded_at=None, deleted_at=None
    )
    held = hold_documents(rows)
    at_work = IngestJob.objects.filter(document__in=held, state__in=(JobState.QUEUED, JobState.LEASED))
    stopped = list(at_work.order_by("pk").select_for_update().values_list("document_id", flat=True))
    now = timezone.now()
    IngestJob.objects.filter(document__in=stopped).update(
        state=JobState.FAILED, lease_token=None, lease_until=None, finished_at=now
    )
    Document.objects.filter(pk__in=stopped).update(
        status=Status.FAILED,
        failure_code=CANCELLED,
        failure_reason=f"Cancelled by {by.get_full_name() or by.username}. Choose “Try again” to go on.",
        progress_step="",
    )
    record(Stage.CANCELLED, stopped, by=by, at=now)
    return stopped


def cancel_document(document: Document, by: User) -> None:
    """Raises ConflictError when nothing is under way."""
    if not cancel_documents([document.pk], by):
        raise ConflictError("Only a document that waits or is being worked on can be cancelled.")
