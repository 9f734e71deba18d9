"""Taking in an upload that may be a zip archive: then a worker makes a document of each of its files."""

from __future__ import annotations

from ingest.archives import Budget, check_list, is_archive
from ingest.services import Submission, Upload, submit_stored
from ingest.storage import StoredFile, file_path, remove, store
from kb.accounts.models import User
from kb.conf import config
from kb.library.kinds import ARCHIVE
from kb.library.models import Collection


def submit_upload(collection: Collection, user: User, upload: Upload) -> Submission:
    """Store a file and queue its document. An archive's document is of the kind `ARCHIVE`: see `unpacking`.

    Raises:
        TooLargeError: the file exceeds KB_UPLOAD_MB; nothing is kept.
        ArchiveRefusedError: the archive is damaged, or by its own list of files breaks a limit; nothing of
            it is kept.
    """
    return submit_kept(collection, user, upload, store(upload.stream, config.upload_mb << 20))


def submit_kept(collection: Collection, user: User, upload: Upload, stored: StoredFile) -> Submission:
    """The same for a file that is stored already; it is removed again where no document needs it."""
    try:
        archive = is_archive(file_path(stored.name), upload.file_name)
        if archive:
            check_list(file_path(stored.name), budget_of(stored.size_bytes))
    except BaseException:
        remove(stored.name)
        raise
    return submit_stored(collection, user, upload, stored, ARCHIVE if archive else "")


def budget_of(size_bytes: int) -> Budget:
    """What may be taken out of an archive of this size."""
    return Budget(config.archive_files, config.archive_mb << 20, size_bytes)
