"""One action on many documents of a collection: tried again, cancelled, read anew, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from ingest.cancelling import cancel_documents
from ingest.hints import ENOUGH, send
from ingest.models import IngestJob
from ingest.services import FRESH_JOB, QUEUED_AGAIN
from kb.accounts.models import User
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import RETRYABLE, Collection, Document, Status
from kb.library.services import delete_documents, hold_documents, unpublish

_AT_ONCE = 500  # rows held by one transaction


def act_on(collection: Collection, action: str, document_ids: Iterable[int], by: User) -> list[int]:
    """Do it to those of the collection's documents to which it can be done; ids of these.

    Every five hundred are a transaction: what was done stays done when the rest breaks off, and doing it
    again is no harm.

    Args:
        action: a key of ACTIONS.
    """
    wanted = Document.objects.filter(
        pk__in=list(document_ids), collection=collection, superseded_at=None, deleted_at=None
    )
    own = list(wanted.order_by("pk").values_list("pk", flat=True))
    done: list[int] = []
    for at in range(0, len(own), _AT_ONCE):
        done += ACTIONS[action](own[at : at + _AT_ONCE], by)
    return done


@transaction.atomic
def retry_documents(document_ids: Sequence[int], by: User) -> list[int]:
    """Queue those that failed again, with all their attempts."""
    rows = Document.objects.filter(pk__in=document_ids, status__in=RETRYABLE, superseded_at=None)
    return _queue_again(hold_documents(rows), by)


@transaction.atomic
def reprocess_documents(document_ids: Sequence[int], by: User) -> list[int]:
    """Read those that are ready anew from their files, and try those that failed again.

    From this commit on until each is ready again, no answer uses it.
    """
    able = (Status.READY, *RETRYABLE)
    rows = Document.objects.filter(pk__in=document_ids, status__in=able, superseded_at=None)
    held = hold_documents(rows)
    unpublish(held)
    return _queue_again(held, by)


def _queue_again(held: list[int], by: User) -> list[int]:
    Document.objects.filter(pk__in=held).update(**QUEUED_AGAIN)
    IngestJob.objects.bulk_create((IngestJob(document_id=pk) for pk in held), ignore_conflicts=True)
    IngestJob.objects.filter(document__in=held).update(**FRESH_JOB)
    record(Stage.REPEATED, held, by=by)
    for job in IngestJob.objects.filter(document__in=held).order_by("pk")[:ENOUGH]:
        send(job, timezone.now())
    return held


def _delete(document_ids: Sequence[int], by: User) -> list[int]:
    return delete_documents(document_ids, by)


ACTIONS: dict[str, Callable[[Sequence[int], User], list[int]]] = {
    "retry": retry_documents,
    "cancel": cancel_documents,
    "reprocess": reprocess_documents,
    "delete": _delete,
}
