"""Taking an archive apart: a worker makes a document of each of its files, a few in each transaction.

A transaction writes the documents, their rows among the archive's members and the progress, or nothing.
Whoever takes up the work of a worker that was killed goes on behind them: no file is lost, and none comes in
twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ingest.archive_services import budget_of
from ingest.archives import NO_FILES, ArchiveRefusedError, Member, check_archive, walk_archive
from ingest.leases import Lease
from ingest.models import IngestJob
from ingest.names import clean_external_id
from ingest.row_leases import LeaseLostError
from ingest.services import Upload, submit_stored
from ingest.storage import StoredFile, file_path, remove, store
from kb.conf import config
from kb.exceptions import KBError
from kb.library.archive_models import ArchiveMember
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import Collection, Document, Status
from kb.library.services import hold_documents

INCOMPLETE = "archive_incomplete"  # the failure code of an archive some of whose files could not be taken in
_STEP = "unpacking"
Report = Callable[[int, int], None]
_AT_ONCE = 20  # files a transaction: others wait for it some tenths of a second at most


@dataclass(frozen=True)
class _Piece:
    """A file of the archive: stored, or an error that says why not."""

    ordinal: int
    path: str
    stored: StoredFile | None
    error: KBError | None


def unpack(document: Document, lease: Lease, report: Report = lambda current, maximum: None) -> None:
    """Make a document of each file that has none yet, and end the job.

    An external id is the file's path inside the archive below the archive's own, so that the next upload of
    the archive replaces what changed and leaves the rest alone.

    Args:
        report: gets the number of files that have been looked at, and of all.

    Raises:
        ArchiveRefusedError: the archive breaks a limit, and nothing of it is taken in.
        LeaseLostError: it was cancelled, replaced or deleted; what was taken in until then stays.
    """
    path = file_path(document.stored_file)
    with lease.kept():
        _begin(document, lease)
        # Everything is unpacked into nothing first: a bomb among good files takes none of them in.
        total = check_archive(path, budget_of(document.size_bytes))
        if not total:
            raise ArchiveRefusedError(NO_FILES)
        known = set(document.members.values_list("ordinal", flat=True))
        _show(document, lease, len(known), total)
        pieces: list[_Piece] = []
        for ordinal, member in enumerate(walk_archive(path, budget_of(document.size_bytes))):
            if ordinal not in known:
                pieces.append(_stored(ordinal, member))
            if len(pieces) == _AT_ONCE:
                _take(document, lease, pieces)
                report(document.progress_current, total)
                pieces = []
        _take(document, lease, pieces)
        report(total, total)
    _end(document, lease, total)


def _begin(document: Document, lease: Lease) -> None:
    """At the first attempt all is looked at anew: it may have been deleted, or the limits be other ones."""
    if IngestJob.objects.filter(pk=lease.job_id, attempts=1).exists():
        document.members.all().delete()


@transaction.atomic
def _show(document: Document, lease: Lease, current: int, maximum: int) -> None:
    _still_wanted(document, current, maximum)
    lease.renew(timezone.now())


def _stored(ordinal: int, member: Member) -> _Piece:
    if member.stream is None:
        return _Piece(ordinal, member.path, None, member.refusal)
    try:
        return _Piece(ordinal, member.path, store(member.stream, config.upload_mb << 20), None)
    except ArchiveRefusedError:
        raise
    except KBError as error:
        return _Piece(ordinal, member.path, None, error)


def _take(document: Document, lease: Lease, pieces: list[_Piece]) -> None:
    try:
        with transaction.atomic():
            _take_together(document, lease, pieces)
    except BaseException:
        for piece in pieces:
            if piece.stored is not None:
                remove(piece.stored.name)
        raise


def _take_together(document: Document, lease: Lease, pieces: list[_Piece]) -> None:
    collection = Collection.objects.select_for_update().get(pk=document.collection_id)
    paths = _held_paths(document, pieces)
    # There was progress: the attempts count anew, however often a worker dies in a large archive.
    lease.renew(timezone.now(), attempts=1)
    rows = [_row(collection, document, piece, paths[piece.ordinal]) for piece in pieces]
    ArchiveMember.objects.bulk_create(rows)
    _still_wanted(document, document.progress_current + len(rows), document.progress_maximum)


def _held_paths(document: Document, pieces: list[_Piece]) -> dict[int, str]:
    """The external ids, in a transaction in which nobody else changes the archive and what it may change."""
    while True:
        # A source may just give the archive another path.
        document.refresh_from_db(fields=["external_id"])
        paths = {piece.ordinal: clean_external_id(f"{document.external_id}/{piece.path}") for piece in pieces}
        hashes = [piece.stored.sha256 for piece in pieces if piece.stored is not None]
        live = Document.objects.filter(
            collection=document.collection_id, superseded_at=None, deleted_at=None
        ).filter(Q(pk=document.pk) | Q(external_id__in=paths.values()) | Q(sha256__in=hashes))
        hold_documents(live)
        if Document.objects.filter(pk=document.pk, external_id=document.external_id).exists():
            return paths


def _row(collection: Collection, archive: Document, piece: _Piece, path: str) -> ArchiveMember:
    row = ArchiveMember(archive=archive, ordinal=piece.ordinal, path=path)
    error = piece.error
    if piece.stored is not None:
        # Its bytes are in the store already: the stream is not read.
        name = PurePosixPath(piece.path).name
        upload = Upload(BytesIO(), name, external_id=path, metadata=archive.metadata)
        try:
            taken = submit_stored(collection, archive.created_by, upload, piece.stored)
        except KBError as refused:
            error = refused
        else:
            row.document, row.created = taken.document, taken.created
            row.duplicate = taken.duplicate_of is not None
            return row
    row.code, row.reason = (error.code, error.message) if error is not None else (KBError.code, "")
    return row


def _still_wanted(document: Document, current: int, maximum: int) -> None:
    """Show the progress. Raises LeaseLostError for an archive that was replaced or deleted."""
    document.progress_current, document.progress_maximum = current, maximum
    if not _wanted(document).update(progress_step=_STEP, progress_current=current, progress_maximum=maximum):
        raise LeaseLostError


def _wanted(document: Document) -> QuerySet[Document]:
    return Document.objects.filter(pk=document.pk, status=Status.PARSING, superseded_at=None, deleted_at=None)


@transaction.atomic
def _end(document: Document, lease: Lease, total: int) -> None:
    """The files take the archive's place. Where some could not be taken in it stays, and says which."""
    now = timezone.now()
    hold_documents(Document.objects.filter(pk=document.pk))
    refused = list(document.members.exclude(code="").order_by("ordinal"))
    lease.finish(now, failed=bool(refused))
    changes: dict[str, Any] = {"status": Status.READY, "ready_at": now, "superseded_at": now}
    if refused:
        reason = _reason(refused, total)
        changes = {"status": Status.FAILED, "failure_code": INCOMPLETE, "failure_reason": reason}
    if not _wanted(document).update(progress_step="", **changes):
        raise LeaseLostError
    if refused:
        record(Stage.FAILED, [document.pk], at=now, detail=reason)
        return
    record(Stage.READY, [document.pk], at=now, detail=f"{total:,} file{'' if total == 1 else 's'} unpacked")
    # It is here a second time, as its files.
    transaction.on_commit(lambda: remove(document.stored_file))


def _reason(refused: list[ArchiveMember], total: int) -> str:
    first = refused[0]
    others = "; the others were" if len(refused) < total else ""
    number = f"{len(refused):,} of {total:,} files" if total > 1 else "Its only file"
    more = " The archive's page lists all." if len(refused) > 1 else ""
    return f"{number} could not be taken in{others}. {first.path}: {first.reason}{more}"
