"""Flagged chunks: held back from the model until a manager allows them, and the record of who decided.

A flag is found at ingest (`ingest/flagging.py`). Reading and searching are not affected, people see the text
marked as what it is; only `searchable_chunks(…, for_prompt=True)` leaves withheld chunks out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from kb.accounts.models import User
from kb.exceptions import ConflictError
from kb.library.models import Chunk, ChunkReview, Collection, Document, ReviewAction

INSTRUCTION = "instruction"
HIDDEN_TEXT = "hidden_text"
HIDDEN_CHARACTERS = "hidden_characters"
IN_TITLE = "instruction_in_title"
WORDS = {
    INSTRUCTION: "speaks to a language model rather than to a reader",
    HIDDEN_TEXT: "cannot be seen where the document is shown",
    HIDDEN_CHARACTERS: "holds invisible characters",
    IN_TITLE: "stands under a title that speaks to a language model",
}


@dataclass(frozen=True)
class Flag:
    """Why a chunk is held back: a key of `WORDS`, and where, [start, end) in characters of the chunk."""

    reason: str
    start: int
    end: int


def flags_of(chunk: Chunk) -> list[Flag]:
    return [Flag(reason, start, end) for reason, start, end in chunk.flags]


def flagged_chunks(collection: Collection) -> QuerySet[Chunk]:
    """Flagged chunks of the documents that are searched now, those that wait for a manager first."""
    return (
        Chunk.objects.filter(
            document__collection=collection,
            document__superseded_at=None,
            document__deleted_at=None,
        )
        .exclude(flags=[])
        .select_related("document")
        .order_by("-withheld", "document__title", "document_id", "ordinal")
    )


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def review_chunk(chunk: Chunk, user: User, *, allowed: bool) -> Chunk:
    """Let a flagged chunk into prompts, or hold it back again; holds from the very next question.

    The caller has asked `access` whether the person manages the collection. Repeating it changes nothing.

    Raises:
        ConflictError: the chunk is not flagged.
    """
    if not chunk.flags:
        raise ConflictError("This passage was not held back.")
    changed = Chunk.objects.filter(pk=chunk.pk, withheld=allowed).update(withheld=not allowed)
    if changed:
        action = ReviewAction.ALLOWED if allowed else ReviewAction.WITHHELD
        record_reviews(chunk.document, action, [chunk], user)
    chunk.refresh_from_db()
    return chunk


def record_reviews(
    document: Document, action: ReviewAction, chunks: Iterable[Chunk], user: User | None
) -> None:
    """Write down what was decided about these chunks of a document."""
    ChunkReview.objects.bulk_create(
        ChunkReview(
            document=document,
            chunk_sha256=text_digest(chunk.text),
            action=action,
            reasons=sorted({flag.reason for flag in flags_of(chunk)}),
            by=user,
        )
        for chunk in chunks
    )


def allowed_digests(document: Document) -> set[str]:
    """Hashes of the chunk texts that are allowed in this document or were in an earlier version of it."""
    versions = Document.objects.filter(
        collection_id=document.collection_id, external_id=document.external_id, deleted_at=None
    )
    latest = dict(
        ChunkReview.objects.filter(
            document__in=versions, action__in=(ReviewAction.ALLOWED, ReviewAction.WITHHELD)
        )
        .order_by("pk")
        .values_list("chunk_sha256", "action")
    )
    return {digest for digest, action in latest.items() if action == ReviewAction.ALLOWED}


def latest_reviews(document: Document, chunks: Sequence[Chunk]) -> dict[int, ChunkReview]:
    """The last decision about each of these chunks of a document, by chunk id."""
    digests = {chunk.pk: text_digest(chunk.text) for chunk in chunks}
    rows = ChunkReview.objects.filter(document=document, chunk_sha256__in=set(digests.values()))
    latest = {row.chunk_sha256: row for row in rows.select_related("by").order_by("pk")}
    return {pk: latest[digest] for pk, digest in digests.items() if digest in latest}
