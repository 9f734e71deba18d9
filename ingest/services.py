"""Taking files in: one transaction makes the document and its job; a message to a worker is only a hint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from ingest.hints import hint
from ingest.models import IngestJob, JobState
from ingest.names import clean_external_id, clean_file_name, clean_text
from ingest.other_names import give_up_name, note_name
from ingest.storage import StoredFile, remove, store
from kb.accounts.models import User
from kb.conf import config
from kb.exceptions import ConflictError
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.kinds import ARCHIVE, kind_of
from kb.library.models import RETRYABLE, Collection, Document, Status
from kb.library.services import hold_documents, unpublish

# A document that waits as if it had just come, and its job.
QUEUED_AGAIN: dict[str, Any] = {
    "status": Status.QUEUED,
    "failure_code": "",
    "failure_reason": "",
    "progress_step": "",
    "progress_current": 0,
    "progress_maximum": 0,
}
FRESH_JOB: dict[str, Any] = {
    "state": JobState.QUEUED,
    "attempts": 0,
    "lease_token": None,
    "lease_until": None,
    "hinted_at": None,
    "finished_at": None,
}


@dataclass(frozen=True)
class Upload:
    """A file as it came, with what its sender says about it."""

    stream: BinaryIO
    file_name: str
    external_id: str = ""
    title: str = ""
    metadata: dict[str, Any] | None = None
    idempotency_key: str = ""


@dataclass(frozen=True)
class Submission:
    """What became of an upload.

    Attributes:
        document: the row that now stands for the content.
        created: False when these bytes were here already.
        duplicate_of: the document with the same bytes under another external id.
    """

    document: Document
    created: bool
    duplicate_of: Document | None = None


def submit_document(collection: Collection, user: User, upload: Upload) -> Submission:
    """Store the file and queue its document.

    The same bytes under the same external id change nothing (a failed document is tried again); the same
    bytes under another id are a duplicate; other bytes under a known id are its next version.

    Raises:
        TooLargeError: the file exceeds KB_UPLOAD_MB; nothing is kept.
    """
    return submit_stored(collection, user, upload, store(upload.stream, config.upload_mb << 20))


def submit_stored(
    collection: Collection, user: User | None, upload: Upload, stored: StoredFile, kind: str = ""
) -> Submission:
    """The same for a file that is stored already; it is removed again where no document needs it.

    Args:
        user: None for one who has been removed since the upload.
        kind: what sort of file it is, where its name does not say.
    """
    try:
        with transaction.atomic():
            submission = _submit(collection, user, upload, stored, kind)
    except BaseException:
        remove(stored.name)
        raise
    if submission.document.stored_file != stored.name:
        remove(stored.name)
    return submission


def _submit(
    collection: Collection, user: User | None, upload: Upload, stored: StoredFile, kind: str
) -> Submission:
    # One submission per collection at a time: who looks first writes first. (SQLite locks anyway.)
    Collection.objects.select_for_update().get(pk=collection.pk)
    repeated = _repeated(collection, user, upload, stored)
    if repeated is not None:
        return Submission(repeated, created=False)
    file_name = clean_file_name(upload.file_name)
    external_id = clean_external_id(upload.external_id or file_name)
    live = Document.objects.filter(collection=collection, superseded_at=None, deleted_at=None)
    versions = live.filter(external_id=external_id)
    same = live.filter(sha256=stored.sha256).first()
    if same is not None:
        return _known_already(same, external_id, versions, user)
    if kind == ARCHIVE and (before := _unpacked(collection, external_id, stored)) is not None:
        return _unpack_again(before, stored, user)
    # Before their edits are read, so that nobody makes one meanwhile.
    hold_documents(versions)
    edited = _edits(versions)
    # Before they may go on under another name: this one counts on.
    version = _next_version(collection, external_id)
    give_up_name(versions, collection.pk, external_id)
    _make_way(versions)
    document = Document.objects.create(
        collection=collection,
        external_id=external_id,
        version=version,
        title=str(edited.get("title") or "")
        or clean_text(upload.title, 500)
        or PurePosixPath(file_name).stem
        or file_name,
        file_name=file_name,
        stored_file=stored.name,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        title_given=bool(upload.title or edited.get("title")),
        edited=edited,
        metadata=upload.metadata or {},
        idempotency_key=upload.idempotency_key,
        created_by=user,
        kind=kind or kind_of(file_name),
    )
    record(Stage.QUEUED, [document.pk], by=user)
    hint(IngestJob.objects.create(document=document), timezone.now())
    return Submission(document, created=True)


def _unpacked(collection: Collection, external_id: str, stored: StoredFile) -> Document | None:
    """The archive that was unpacked last under this external id, if it had the same bytes."""
    rows = Document.objects.filter(collection=collection, external_id=external_id, deleted_at=None)
    last = rows.order_by("-version").first()
    known = last is not None and (last.kind, last.sha256, last.status) == (
        ARCHIVE,
        stored.sha256,
        Status.READY,
    )
    return last if known else None


def _unpack_again(archive: Document, stored: StoredFile, user: User | None) -> Submission:
    """What failed or was deleted of it since comes in again; the rest is unchanged."""
    archive.stored_file = stored.name
    Document.objects.filter(pk=archive.pk).update(stored_file=stored.name, superseded_at=None, **QUEUED_AGAIN)
    _queue_job(archive, user)
    return Submission(archive, created=False)


def _known_already(
    same: Document, external_id: str, versions: QuerySet[Document], user: User | None
) -> Submission:
    """For bytes that a document has already, under this external id or another."""
    if same.external_id == external_id:
        if same.status in RETRYABLE:
            retry_document(same, user)
        return Submission(same, created=False)
    give_up_name(versions, same.collection_id, external_id)
    _supersede(hold_documents(versions))
    note_name(same, external_id)
    return Submission(same, created=False, duplicate_of=same)


def _make_way(versions: QuerySet[Document]) -> None:
    """Earlier versions that never became searchable end; one that is searchable serves on until then."""
    unready = versions.exclude(status=Status.READY)
    record(Stage.SUPERSEDED, unready.values_list("pk", flat=True))
    unready.update(
        superseded_at=timezone.now(),
        status=Status.FAILED,
        failure_code="superseded",
        failure_reason="A newer version was uploaded before this one was ready.",
    )


def _repeated(
    collection: Collection, user: User | None, upload: Upload, stored: StoredFile
) -> Document | None:
    """The document that an earlier upload with the same Idempotency-Key made.

    Raises:
        ConflictError: that upload had other bytes or another external id, so the key was not meant for it.
    """
    if not upload.idempotency_key:
        return None
    known = Document.objects.filter(
        collection=collection, created_by=user, idempotency_key=upload.idempotency_key
    ).first()
    if known is None:
        return None
    named = clean_external_id(upload.external_id) if upload.external_id else known.external_id
    if known.sha256 != stored.sha256 or known.external_id != named:
        raise ConflictError("This Idempotency-Key was used for another file.")
    return known


def _edits(versions: QuerySet[Document]) -> dict[str, Any]:
    """What managers wrote of the newest of these versions: it holds for the next one as well."""
    return versions.order_by("-version").values_list("edited", flat=True).first() or {}


def _next_version(collection: Collection, external_id: str) -> int:
    known = Document.objects.filter(collection=collection, external_id=external_id)
    return int(known.aggregate(latest=Max("version"))["latest"] or 0) + 1


def _supersede(document_ids: list[int]) -> None:
    if document_ids:
        Document.objects.filter(pk__in=document_ids).update(superseded_at=timezone.now())
        record(Stage.SUPERSEDED, document_ids)
        unpublish(document_ids)


@transaction.atomic
def retry_document(document: Document, by: User | None = None) -> None:
    """Queue a failed document again, with all its attempts.

    Raises:
        ConflictError: it is not in a state that a retry could change.
    """
    changed = Document.objects.filter(
        pk=document.pk, status__in=RETRYABLE, superseded_at=None, deleted_at=None
    ).update(**QUEUED_AGAIN)
    if not changed:
        raise ConflictError("Only a document that failed can be tried again.")
    _queue_job(document, by)


def _queue_job(document: Document, by: User | None) -> None:
    job, _ = IngestJob.objects.update_or_create(document=document, defaults=FRESH_JOB)
    record(Stage.REPEATED, [document.pk], by=by)
    hint(job, timezone.now())
