"""Removing the content of deleted documents: file, text, chunks, vectors, and what answers quoted from them.

The tombstone row stays, so that an old answer can say that its source was deleted.
"""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ingest.likeness import forget_likeness
from ingest.page_images import forget_page_images
from ingest.storage import file_path, remove
from kb.chat.forget import forget_documents
from kb.conf import config
from kb.library.kinds import ARCHIVE
from kb.library.likeness_models import DocumentLabel
from kb.library.models import Chunk, Document, DocumentText, Status
from kb.library.services import hold_documents
from kb.llm.kept_rows import forget_kept_rows

logger = logging.getLogger(__name__)

_AT_ONCE = 200
_ORPHAN_AGE_S = 3600


def purge_deleted() -> None:
    """Purge a bounded number of deleted documents; the next run takes the next."""
    waiting = Document.objects.exclude(deleted_at=None).filter(purged_at=None)
    for document in waiting.order_by("deleted_at")[:_AT_ONCE]:
        # Which of them are of this document, nobody knows; all can be made again.
        forget_kept_rows(config.data_dir)
        _purge(document)
    _remove_orphans()


def _purge(document: Document) -> None:
    # The file first: if we are killed in between, the next run finds the row and repeats.
    remove(document.stored_file)
    forget_page_images(document.stored_file)
    with transaction.atomic():
        hold_documents(Document.objects.filter(pk=document.pk))  # an answer may just be stored
        forget_documents([document.pk])
        chunks = Chunk.objects.filter(document=document)
        # Another model's vectors of them may just be written; what is committed by then is removed as well.
        list(chunks.order_by("pk").select_for_update().values_list("pk", flat=True))
        chunks.delete()
        DocumentText.objects.filter(document=document).delete()
        forget_likeness(document.pk)
        DocumentLabel.objects.filter(document=document).delete()
        document.members.all().delete()
        Document.objects.filter(pk=document.pk).update(
            purged_at=timezone.now(),
            title="Deleted document",
            metadata={},
            failure_reason="",
            chunk_count=0,
            author="",
            owner="",
            labels=[],
            edited={},
        )


def _remove_orphans() -> None:
    """Files whose upload was killed before its row was committed."""
    folder = file_path("")
    if not folder.is_dir() or folder != settings.MEDIA_ROOT:
        return
    before = time.time() - _ORPHAN_AGE_S
    recent = [path for path in folder.glob("*/*") if path.is_file() and path.stat().st_mtime < before]
    names = {f"{path.parent.name}/{path.name}" for path in recent}
    known = set(
        Document.objects.filter(purged_at=None, stored_file__in=names)
        .exclude(kind=ARCHIVE, status=Status.READY)  # unpacked: its files are here in its place
        .values_list("stored_file", flat=True)
    )
    for name in names - known:
        logger.warning("Removing %s, which belongs to no document", name)
        remove(name)
