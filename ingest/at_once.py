"""Taking in a file for a command that waits for it: an archive is unpacked here and now, not by a worker."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from ingest.archive_services import submit_kept
from ingest.failures import ended
from ingest.leases import acquire
from ingest.services import Submission, Upload
from ingest.storage import store
from ingest.unpacking import INCOMPLETE, Report, unpack
from kb.accounts.models import User
from kb.conf import config
from kb.library.kinds import ARCHIVE
from kb.library.models import RETRYABLE, Collection, Document


def submit_at_once(collection: Collection, user: User, upload: Upload, report: Report) -> Submission:
    """As `submit_upload`, and unpacked unless a worker has the archive in hand already.

    If this process is killed the archive's lease runs out, and a worker goes on.
    """
    stored = store(upload.stream, config.upload_mb << 20)
    with transaction.atomic():
        taken = submit_kept(collection, user, upload, stored)
        is_archive = taken.document.kind == ARCHIVE
        # In the same transaction, so that no worker is faster.
        lease = acquire(taken.document.job.pk, timezone.now(), config.lease_s) if is_archive else None
    if lease is not None:
        with ended(lease):
            unpack(Document.objects.get(pk=taken.document.pk), lease, report)
    return taken


def members_of(archive: Document) -> list[tuple[str, Submission]]:
    """Path and submission of each file that was taken in."""
    rows = archive.members.exclude(document=None).select_related("document").order_by("ordinal")
    return [
        (row.path, Submission(row.document, row.created, row.document if row.duplicate else None))
        for row in rows
        if row.document is not None
    ]


def failures_of(archive: Document) -> list[dict[str, str]]:
    """Path, code and reason of each file that was refused, or of the archive where all of it was."""
    if archive.status in RETRYABLE and archive.failure_code != INCOMPLETE:
        whole = {"path": archive.external_id, "code": archive.failure_code, "reason": archive.failure_reason}
        return [whole]
    refused = archive.members.exclude(code="").order_by("ordinal")
    return [{"path": row.path, "code": row.code, "reason": row.reason} for row in refused]
