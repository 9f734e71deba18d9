"""The way of a document: lease → parse in a child process → chunk → embed → publish in one transaction.

Every step can be repeated. Until the last transaction nothing that is searchable changes; that transaction
replaces the document's chunks, writes the index events and ends the job together, or not at all. An archive
is unpacked instead: its files go this way.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import numpy as np
from django.db import transaction
from django.utils import timezone

from ingest.chunking import ChunkSpan, chunk_document
from ingest.embedding import get_encoder
from ingest.failures import ended
from ingest.flagging import flag_chunks
from ingest.language import language_of
from ingest.leases import Lease, acquire
from ingest.likeness import note_likeness, sketch_of
from ingest.parsers.base import ParsedDocument, ParseError
from ingest.recognition import read_document, recognition_sandbox
from ingest.row_leases import LeaseLostError
from ingest.sandbox import Sandbox
from ingest.table_headers import table_headers
from ingest.unpacking import unpack
from kb.conf import config
from kb.library.details import columns_of, write_labels
from kb.library.event_models import Stage
from kb.library.flags import Flag, allowed_digests, record_reviews, text_digest
from kb.library.history import record, record_way
from kb.library.kinds import ARCHIVE
from kb.library.models import Chunk, Document, DocumentText, ReviewAction, Status
from kb.library.services import hold_documents, unpublish
from kb.search import log
from kb.search.errors import OtherModelServesError
from kb.search.generations import hold_serving, serving_generation
from kb.search.models import Embedding, IndexGeneration, Operation

logger = logging.getLogger(__name__)

_EMBED_AT_ONCE = 64  # chunks between two signs of life; a document that has no more is embedded without one


@dataclass(frozen=True)
class Embedded:
    """Chunks with what was found in them, and with their vectors, float16 [len(spans), dimension].

    Attributes:
        sketch: of the text, to find others that look alike; None for a short one.
        language: that most of the text is in; empty where nobody can tell.
        began: when the stages behind parsing began; written down with the document, in one transaction.
    """

    spans: Sequence[ChunkSpan]
    flags: Sequence[Sequence[Flag]]
    vectors: np.ndarray
    model_id: str
    dimension: int
    began: Mapping[Stage, datetime] = field(default_factory=dict)
    sketch: np.ndarray | None = None
    language: str = ""


@cache
def sandbox() -> Sandbox:
    return Sandbox(timeout_s=config.parse_timeout_s, memory_mb=config.parse_memory_mb)


def run_job(job_id: int) -> None:
    """Run one job to its end. Whatever goes wrong ends in the job's row, never in the queue's hands."""
    lease = acquire(job_id, timezone.now(), config.lease_s)
    if lease is None:
        return
    with ended(lease):
        document = Document.objects.get(pk=lease.document_id)
        if document.kind == ARCHIVE:
            unpack(document, lease)
        else:
            embed_and_publish(document, lease, parse(document, lease))


def parse(document: Document, lease: Lease) -> ParsedDocument:
    """Raises ParseError with a reason for people, LeaseLostError when the job is not ours any more."""
    return read_document(document, lease, sandbox(), recognition_sandbox())


def embed_and_publish(document: Document, lease: Lease, parsed: ParsedDocument) -> None:
    """With the model that serves; once more when another one began to serve meanwhile."""
    try:
        publish(document, lease, parsed, embed(document, lease, parsed))
    except OtherModelServesError:
        logger.info("Document %s is embedded again: another model serves now", document.pk)
        publish(document, lease, parsed, embed(document, lease, parsed))


def embed(document: Document, lease: Lease, parsed: ParsedDocument) -> Embedded:
    """Chunk the text and embed each chunk with title and heading path in front."""
    encoder = get_encoder()
    began = {Stage.CHUNKING: timezone.now()}
    spans = chunk_document(parsed, encoder.tokens.starts(parsed.text), config.chunk_tokens)
    if not spans:
        raise ParseError("empty", "The file holds no text.")
    title = _title(document, parsed)
    headers = table_headers(parsed.text, [span.start for span in spans])
    texts = [
        contextual(title, span.heading_path, parsed.text[span.start : span.end], header)
        for span, header in zip(spans, headers, strict=True)
    ]
    groups = []
    began[Stage.EMBEDDING] = timezone.now()
    for at in range(0, len(texts), _EMBED_AT_ONCE):
        if len(texts) > _EMBED_AT_ONCE:
            _show_progress(document, lease, at, len(texts))
        groups.append(encoder.embed_passages(texts[at : at + _EMBED_AT_ONCE]).astype("<f2"))
    flags = flag_chunks(title, parsed, spans)
    return Embedded(
        spans,
        flags,
        np.concatenate(groups),
        encoder.model_id,
        encoder.dimension,
        began,
        sketch_of(parsed.text),
        language_of(parsed.text, parsed.metadata.get("language")),
    )


def contextual(title: str, heading_path: Sequence[str], text: str, table_header: str = "") -> str:
    """What is embedded for a chunk: a chunk alone often does not say what it is about.

    Args:
        table_header: the header row of the table that goes on in this chunk.
    """
    headings = [heading for heading in heading_path if heading != title]
    return "\n".join(filter(None, [" › ".join([title, *headings]), table_header, text]))


@transaction.atomic
def _show_progress(document: Document, lease: Lease, current: int, maximum: int) -> None:
    Document.objects.filter(pk=document.pk, status__in=(Status.PARSING, Status.EMBEDDING)).update(
        status=Status.EMBEDDING, progress_step="embedding", progress_current=current, progress_maximum=maximum
    )
    lease.renew(timezone.now())


def _title(document: Document, parsed: ParsedDocument) -> str:
    """The title the sender gave, else the document's own, else the file's name."""
    if document.title_given:
        return document.title
    return (parsed.title or document.title)[:500]


@transaction.atomic
def publish(document: Document, lease: Lease, parsed: ParsedDocument, embedded: Embedded) -> None:
    """Make the document searchable and end the job.

    Raises:
        LeaseLostError: the job or the document was taken away meanwhile; everything is rolled back.
        OtherModelServesError: the same, and the vectors are of a model that does not serve any more.
    """
    hold_serving()
    now = timezone.now()
    versions = Document.objects.filter(
        collection_id=document.collection_id, external_id=document.external_id, deleted_at=None
    )
    hold_documents(versions)
    lease.finish(now)
    document.refresh_from_db(fields=["metadata", "edited"])
    document.metadata = {**parsed.metadata, **document.metadata}
    became_ready = Document.objects.filter(
        pk=document.pk, deleted_at=None, superseded_at=None, status__in=(Status.PARSING, Status.EMBEDDING)
    ).update(
        status=Status.READY,
        title=_title(document, parsed),
        metadata=document.metadata,
        chunk_count=len(embedded.spans),
        progress_step="",
        progress_current=len(embedded.spans),
        progress_maximum=len(embedded.spans),
        ready_at=now,
        language=embedded.language,
        **columns_of(document),
    )
    if not became_ready:
        raise LeaseLostError
    generation = serving_generation(embedded.model_id, embedded.dimension)
    _store_text(document, generation, parsed, embedded)
    write_labels(document)
    note_likeness(document, embedded.sketch)
    older = versions.filter(version__lt=document.version, superseded_at=None)
    superseded = list(older.values_list("pk", flat=True))
    ready = (Stage.READY, now, _what_became(len(embedded.spans), parsed))
    record_way(document, [*((stage, at, "") for stage, at in embedded.began.items()), ready])
    if superseded:
        older.update(superseded_at=now)
        record(Stage.SUPERSEDED, superseded, at=now)
        unpublish(superseded)
    log.append(generation, Operation.PUBLISH, [document.pk])


def _what_became(passages: int, parsed: ParsedDocument) -> str:
    """How many passages, and what of the file is in none of them."""
    told = parsed.metadata.get("left_out")
    left_out = ", ".join(map(str, told)) if isinstance(told, list) else ""
    number = f"{passages} passage{'' if passages == 1 else 's'}"
    return f"{number}; left out: {left_out}" if left_out else number


def _store_text(
    document: Document, generation: IndexGeneration, parsed: ParsedDocument, embedded: Embedded
) -> None:
    pages = [list(page) for page in parsed.pages]
    DocumentText.objects.bulk_create(
        [DocumentText(document=document, text=parsed.text, text_format=parsed.format, pages=pages)],
        update_conflicts=True,
        unique_fields=["document"],
        update_fields=["text", "text_format", "pages"],
    )
    allowed = allowed_digests(document)
    Chunk.objects.filter(document=document).delete()
    chunks = Chunk.objects.bulk_create(
        [
            Chunk(
                document=document,
                ordinal=ordinal,
                start=span.start,
                end=span.end,
                text=parsed.text[span.start : span.end],
                page_start=span.page_start,
                page_end=span.page_end,
                heading_path=list(span.heading_path),
                tokens=span.tokens,
                flags=[[flag.reason, flag.start, flag.end] for flag in flags],
                withheld=bool(flags) and text_digest(parsed.text[span.start : span.end]) not in allowed,
            )
            for ordinal, (span, flags) in enumerate(zip(embedded.spans, embedded.flags, strict=True))
        ]
    )
    record_reviews(document, ReviewAction.FLAGGED, [chunk for chunk in chunks if chunk.withheld], None)
    Embedding.objects.bulk_create(
        Embedding(chunk=chunk, generation=generation, vector=vector.tobytes())
        for chunk, vector in zip(chunks, embedded.vectors, strict=True)
    )
