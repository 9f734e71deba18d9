"""Taking in an upload that may be a zip archive: each of its files becomes a document of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ingest.archives import ArchiveRefusedError, Budget, Member, check_archive, is_archive, walk_archive
from ingest.names import clean_external_id, clean_file_name
from ingest.services import Submission, Upload, submit_document, submit_stored
from ingest.storage import StoredFile, file_path, remove, store
from kb.accounts.models import User
from kb.conf import config
from kb.exceptions import KBError
from kb.library.models import Collection


@dataclass(frozen=True)
class MemberOutcome:
    """What became of one file of an archive: a submission, or an error that says why there is none."""

    path: str
    submission: Submission | None = None
    error: KBError | None = None


@dataclass(frozen=True)
class ArchiveSubmission:
    """What became of an archive. The archive itself is no document and is not kept."""

    name: str
    members: tuple[MemberOutcome, ...]


def submit_upload(collection: Collection, user: User, upload: Upload) -> Submission | ArchiveSubmission:
    """Store a file and queue its document, or those of the files in it when it is a zip archive.

    A member's external id is its path inside the archive below the archive's own, so that the next upload of
    the archive replaces what changed and leaves the rest alone. Sending it again after a broken connection
    is no harm for the same reason.

    Raises:
        TooLargeError: the file exceeds KB_UPLOAD_MB; nothing is kept.
        ArchiveRefusedError: the archive is damaged or breaks a limit; nothing of it is kept.
    """
    return submit_kept(collection, user, upload, store(upload.stream, config.upload_mb << 20))


def submit_kept(
    collection: Collection, user: User, upload: Upload, stored: StoredFile
) -> Submission | ArchiveSubmission:
    """The same for a file that is stored already; it is removed again where no document needs it."""
    try:
        archive = is_archive(file_path(stored.name), upload.file_name)
    except BaseException:
        remove(stored.name)
        raise
    if archive:
        return _submit_members(collection, user, upload, stored)
    return submit_stored(collection, user, upload, stored)


def _submit_members(
    collection: Collection, user: User, upload: Upload, stored: StoredFile
) -> ArchiveSubmission:
    path = file_path(stored.name)
    name = clean_external_id(upload.external_id or clean_file_name(upload.file_name))
    try:
        # Everything is unpacked into nothing first: a bomb among good files takes none of them in.
        check_archive(path, _budget(stored))
        members = walk_archive(path, _budget(stored), name)
        outcomes = tuple(_submit_member(collection, user, upload, member) for member in members)
    finally:
        remove(stored.name)
    if not outcomes:
        raise ArchiveRefusedError("The archive holds no files.")
    return ArchiveSubmission(name, outcomes)


def _budget(stored: StoredFile) -> Budget:
    return Budget(config.archive_files, config.archive_mb << 20, stored.size_bytes)


def _submit_member(collection: Collection, user: User, upload: Upload, member: Member) -> MemberOutcome:
    if member.stream is None:
        return MemberOutcome(member.path, error=member.refusal)
    wanted = replace(
        upload,
        stream=member.stream,
        file_name=Path(member.path).name,
        external_id=member.path,
        title="",
        idempotency_key="",
    )
    try:
        return MemberOutcome(member.path, submit_document(collection, user, wanted))
    except ArchiveRefusedError:
        raise
    except KBError as error:
        return MemberOutcome(member.path, error=error)
