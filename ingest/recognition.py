"""Reading a document whose pages may be pictures: parse, recognise the pages without text, parse again.

Each page is recognised in a child process of its own, so that one bad page costs that page and not the
document, and the lease is renewed and progress shown between two.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache

from django.utils import timezone

from ingest.leases import Lease
from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.recognised import RecognisedPage
from ingest.parsers.recognition import why_not
from ingest.sandbox import Sandbox
from ingest.storage import file_path
from kb.conf import config
from kb.library.models import PENDING, Document

logger = logging.getLogger(__name__)


@cache
def recognition_sandbox() -> Sandbox:
    return Sandbox(timeout_s=config.ocr_timeout_s, memory_mb=config.ocr_memory_mb)


def why_off() -> str:
    """Why pages are not recognised in this installation; empty when they are."""
    if config.ocr == "off":
        return "it is switched off (KB_OCR)"
    return why_not(config.ocr_languages)


def read_document(document: Document, lease: Lease, sandbox: Sandbox, recogniser: Sandbox) -> ParsedDocument:
    """Parse the stored file, with text recognition for the pages that need it.

    Raises:
        ParseError: with a reason for people; no_text_layer where only text recognition could read the file.
        LeaseLostError: the job is not ours any more.
    """
    path = file_path(document.stored_file)
    parsed, unread = None, None
    try:
        parsed = sandbox.parse(path, document.file_name, lambda: lease.renew(timezone.now()))
        waiting: Sequence[int] = parsed.metadata.get("pages_to_recognise", [])
    except ParseError as error:
        if error.code != "no_text_layer":
            raise
        unread, waiting = error, error.pages
    reason = why_off() if waiting else ""
    if waiting and not reason:
        pages = _recognise(document, lease, recogniser, waiting[: config.ocr_pages])
        return sandbox.parse(path, document.file_name, lambda: lease.renew(timezone.now()), pages)
    if unread is not None:
        raise ParseError(
            unread.code,
            f"{unread.reason} Text recognition does not work here: {reason}. When an admin has changed "
            "that, choose Retry.",
        )
    assert parsed is not None  # noqa: S101 - else `unread` was raised
    return parsed


def _recognise(
    document: Document, lease: Lease, recogniser: Sandbox, waiting: Sequence[int]
) -> list[RecognisedPage]:
    """What is found on the pages; those that take too much stay pictures.

    Raises:
        ParseError: of the last page, when every page failed.
    """
    path, found = file_path(document.stored_file), []
    failure: ParseError | None = None
    for at, number in enumerate(waiting):
        _show_progress(document, lease, at, len(waiting))
        try:
            page = recogniser.recognise(
                path,
                document.file_name,
                number,
                config.ocr_languages,
                lambda: lease.renew(timezone.now()),
            )
            found.append(page)
        except ParseError as error:
            logger.info("Page %s of document %s: %s %s", number, document.pk, error.code, error.detail)
            failure = error
    if not found and failure is not None:
        raise failure
    return found


def _show_progress(document: Document, lease: Lease, current: int, maximum: int) -> None:
    lease.renew(timezone.now())
    Document.objects.filter(pk=document.pk, status__in=PENDING).update(
        progress_step="recognising", progress_current=current, progress_maximum=maximum
    )
