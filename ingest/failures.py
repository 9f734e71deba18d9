"""How a job fails: at once when the file is to blame, after three attempts when something else may be."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from ingest.archives import ArchiveRefusedError
from ingest.leases import MOST_ATTEMPTS, Lease
from ingest.models import IngestJob
from ingest.parsers.base import ParseError
from ingest.row_leases import LeaseLostError
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import PENDING, Document, Status

logger = logging.getLogger(__name__)

# A second try can help against these: memory and crashes depend on what else the machine was doing.
_TRANSIENT = ("out_of_memory", "crashed")
_STATUS_OF = {"no_text_layer": Status.NEEDS_OCR}
GAVE_UP = (
    "Processing broke off three times. Try again; if it fails again, ask your admin to look at the "
    "worker's log."
)


@contextmanager
def ended(lease: Lease) -> Iterator[None]:
    """Work on a job: whatever goes wrong ends in its row, never in the hands of the caller."""
    try:
        yield
    except LeaseLostError:
        logger.info("Job %s was taken away; nothing was changed", lease.job_id)
    except ParseError as error:
        logger.info("Document %s: %s %s", lease.document_id, error.code, error.detail)
        fail(lease, error.code, error.reason)
    except ArchiveRefusedError as error:
        logger.info("Archive %s: %s", lease.document_id, error.message)
        fail(lease, error.code, error.message)
    except Exception:
        logger.exception("Job %s broke off", lease.job_id)
        keep_trying(lease)


def fail(lease: Lease, code: str, reason: str) -> None:
    """Mark the document failed with its reason, or queue it again when the cause may pass."""
    if code in _TRANSIENT and _attempts(lease) < MOST_ATTEMPTS:
        lease.release()
        return
    try:
        with transaction.atomic():
            mark_failed(lease.document_id, code, reason)
            lease.finish(timezone.now(), failed=True)
    except LeaseLostError:
        logger.info("Job %s was taken away before it failed", lease.job_id)


def keep_trying(lease: Lease) -> None:
    """After an error of our own: queue the job again until its attempts are used up."""
    if _attempts(lease) < MOST_ATTEMPTS:
        lease.release()
    else:
        fail(lease, "internal", GAVE_UP)


def mark_failed(document_id: int, code: str, reason: str) -> None:
    changed = Document.objects.filter(pk=document_id, status__in=PENDING).update(
        status=_STATUS_OF.get(code, Status.FAILED), failure_code=code, failure_reason=reason, progress_step=""
    )
    if changed:
        record(Stage.FAILED, [document_id], detail=reason)


def _attempts(lease: Lease) -> int:
    return IngestJob.objects.values_list("attempts", flat=True).get(pk=lease.job_id)
