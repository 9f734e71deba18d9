"""The second step of a run: what is new or other than it was comes in, by the same door as uploads."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from ingest.archive_services import submit_kept
from ingest.row_leases import LeaseLostError
from ingest.services import Upload
from ingest.sources.errors import SourceUnreachableError
from ingest.sources.leases import SourceLease
from ingest.sources.models import Source, SourceFile, SourceRun
from ingest.sources.moving import refetch_copies, rename
from ingest.sources.reaching import Reach
from ingest.storage import StoredFile, remove, store
from kb.conf import config
from kb.exceptions import KBError
from kb.library.dating import file_modified
from kb.library.kinds import ARCHIVE

logger = logging.getLogger(__name__)


def fetch_file(lease: SourceLease, run: SourceRun, row: SourceFile, place: Reach) -> None:
    """Take in one file that is due. Killed anywhere, doing it again gives the same rows.

    Raises:
        LeaseLostError: nothing more may be changed.
    """
    origin = _moved_by_mark(row)
    if origin is not None:
        return _move(lease, run, origin, row)
    if row.listed_bytes is not None and row.listed_bytes > config.upload_mb << 20:
        return _fail(lease, run, row, f"The file is larger than {config.upload_mb} MB.", again=False)
    try:
        with place.open(row.path) as stream:
            stored = store(stream, config.upload_mb << 20)
        _take(lease, run, row, stored)
    except SourceUnreachableError as error:
        _fail(lease, run, row, error.message, again=True)
    except KBError as error:
        _fail(lease, run, row, error.message, again=False)


def _take(lease: SourceLease, run: SourceRun, row: SourceFile, stored: StoredFile) -> None:
    origin = _moved_by_hash(row, stored)
    if stored.sha256 == row.sha256 or origin is not None:
        remove(stored.name)
        if origin is not None:
            return _move(lease, run, origin, row)
        return _note(lease, run, row, "unchanged", sha256=row.sha256, archive=row.archive)
    with transaction.atomic():
        return _submit(lease, run, row, stored)


def _submit(lease: SourceLease, run: SourceRun, row: SourceFile, stored: StoredFile) -> None:
    try:
        with transaction.atomic():
            source = lease.prove()
        if source.connected_by is None:
            raise LeaseLostError
    except LeaseLostError:
        remove(stored.name)
        raise
    name = PurePosixPath(row.path).name
    # Its bytes are in the store already: the stream is not read.
    upload = Upload(BytesIO(), name, external_id=row.external_id, metadata=_metadata(source, row))
    done = submit_kept(source.collection, source.connected_by, upload, stored)
    kind = "changed" if row.sha256 else "added"
    _note(lease, run, row, kind, sha256=stored.sha256, archive=done.document.kind == ARCHIVE)


def _metadata(source: Source, row: SourceFile) -> dict[str, Any]:
    told: dict[str, Any] = {"source": source.name, "source_path": row.path}
    with suppress(ValueError):  # not every source tells a time, or one that we can read
        told |= file_modified(datetime.fromisoformat(row.modified))
    return told


@transaction.atomic
def _note(lease: SourceLease, run: SourceRun, row: SourceFile, count: str, **changes: Any) -> None:
    """The file is as the listing has it."""
    lease.prove()
    noted = SourceFile.objects.filter(pk=row.pk, due=True).update(
        due=False, failure="", mark=row.listed_mark, content_mark=row.listed_content_mark, **changes
    )
    if noted:
        SourceRun.objects.filter(pk=run.pk).update(**{count: F(count) + 1})
    if row.sha256 and row.sha256 != changes["sha256"]:
        refetch_copies(row)


@transaction.atomic
def _fail(lease: SourceLease, run: SourceRun, row: SourceFile, reason: str, *, again: bool) -> None:
    """`again`: the next run tries it again even if the file stays as it is."""
    lease.prove()
    mark = "" if again else row.listed_mark
    SourceFile.objects.filter(pk=row.pk).update(due=False, failure=reason[:500], mark=mark)
    SourceRun.objects.filter(pk=run.pk).update(failed=F("failed") + 1)
    logger.warning("Source %s: file %s failed: %s", row.source_id, row.pk, reason)


@transaction.atomic
def _move(lease: SourceLease, run: SourceRun, origin: SourceFile, row: SourceFile) -> None:
    source = lease.prove()
    rename(source, origin, row.external_id)
    _note(lease, run, row, "moved", sha256=origin.sha256, archive=origin.archive)
    origin.delete()


def _moved_by_mark(row: SourceFile) -> SourceFile | None:
    """A file that vanished, and of which the source itself says that it had the same content."""
    if row.sha256 or not row.listed_content_mark or not row.listed_bytes:
        return None
    same = _vanished(row).filter(content_mark=row.listed_content_mark, listed_bytes=row.listed_bytes)
    return same.order_by("pk").first()


def _moved_by_hash(row: SourceFile, stored: StoredFile) -> SourceFile | None:
    if row.sha256:
        return None
    return _vanished(row).filter(sha256=stored.sha256).order_by("pk").first()


def _vanished(row: SourceFile) -> QuerySet[SourceFile]:
    return SourceFile.objects.filter(source_id=row.source_id, missing_since__isnull=False).exclude(sha256="")
