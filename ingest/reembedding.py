"""Making the vectors of another embedding model beside those that serve, a moment at a time.

A worker goes through the chunks by their ids, and then through the log of what was published meanwhile. Each
batch is one transaction: vectors, index events, and how far it has come. So a worker that is killed loses
the batch in its hands and nothing else, and nothing that was stored is embedded twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import django.db
import numpy as np
from django.db import transaction
from django.db.models import F, Max

from ingest.dropping import drop_some
from ingest.embedding import Encoders
from ingest.generation_leases import GenerationLease, acquire
from ingest.pipeline import contextual
from ingest.row_leases import LeaseLostError
from ingest.table_headers import table_headers
from kb.conf import config
from kb.exceptions import ConfigurationError, KBError
from kb.library.embedding_models import chunks_to_embed, has_no_vector, live_chunks, switch_to
from kb.library.models import Chunk, DocumentText
from kb.search import log
from kb.search.engine.encoder import Encoder
from kb.search.models import Embedding, GenerationState, IndexEvent, IndexGeneration, Operation

logger = logging.getLogger(__name__)

_AT_ONCE = 64
_EVENTS_AT_ONCE = 100
_BROKE_OFF = "It broke off. The worker's log says why; resume it afterwards."


@dataclass(frozen=True)
class Batch:
    """Chunks to embed, and how far one has come when that is done, as columns of the generation."""

    chunks: Sequence[Chunk]
    reached: dict[str, int]


@dataclass(frozen=True)
class Moment:
    """When to make way for other tasks: a worker has few threads, and must end soon when it is told to.

    Attributes:
        clock: seconds, monotonic.
        until: on that clock.
        now: the time of day.
    """

    clock: Callable[[], float]
    until: float
    now: Callable[[], datetime]

    def is_over(self) -> bool:
        return self.clock() >= self.until


def work_on(generation_id: int, encoders: Encoders, moment: Moment) -> bool:
    """Bring a generation nearer to being complete, or to being gone.

    Whatever goes wrong ends in the generation's row. When the database is away, the lease runs out and
    somebody goes on later.

    Returns:
        Whether there is more to do at once.
    """
    lease = acquire(generation_id, moment.now(), config.lease_s)
    if lease is None:
        return False
    try:
        more = _work(lease, encoders, moment)
        lease.release()
    except LeaseLostError:
        logger.info("Generation %s was taken away; nothing more is done", generation_id)
    except django.db.Error:
        logger.exception("Generation %s waits for the database", generation_id)
    except KBError as error:
        logger.warning("Generation %s: %s", generation_id, error.message)
        lease.fail(error.message)
    except Exception:
        logger.exception("Generation %s broke off", generation_id)
        lease.fail(_BROKE_OFF)
    else:
        return more
    return False


def _work(lease: GenerationLease, encoders: Encoders, moment: Moment) -> bool:
    generation = IndexGeneration.objects.get(pk=lease.generation_id)
    if generation.state == GenerationState.DROPPING:
        return drop_some(generation, lease, moment.is_over, moment.now)
    while (batch := next_batch(generation)) is not None:
        if batch.chunks:
            encoder = _encoder(generation, lease, encoders, moment)
            vectors = encoder.embed_passages(_texts(batch.chunks)).astype("<f2")
            store(lease, generation, batch, vectors, moment.now())
        else:
            lease.renew(moment.now(), **batch.reached)
        generation.refresh_from_db()
        if moment.is_over():
            return True
    if not generation.model_id:  # there was nothing to embed
        _encoder(generation, lease, encoders, moment)
    return _finish(lease, moment.now())


def _texts(chunks: Sequence[Chunk]) -> list[str]:
    """What is embedded for each chunk, as when its document was published."""
    cut = [chunk for chunk in chunks if chunk.text.startswith("|")]
    whole = dict(
        DocumentText.objects.filter(document_id__in={chunk.document_id for chunk in cut}).values_list(
            "document_id", "text"
        )
    )
    headers: dict[int, str] = {}
    for identity, text in whole.items():
        parts = sorted((chunk.start, chunk.pk) for chunk in cut if chunk.document_id == identity)
        found = table_headers(text, [start for start, _ in parts])
        headers.update(zip((pk for _, pk in parts), found, strict=True))
    return [
        contextual(chunk.document.title, chunk.heading_path, chunk.text, headers.get(chunk.pk, ""))
        for chunk in chunks
    ]


def next_batch(generation: IndexGeneration) -> Batch | None:
    """What to embed next, which may be nothing of what one has looked through; None at the end."""
    wanted = chunks_to_embed(generation.pk).select_related("document").order_by("pk")
    end = Chunk.objects.aggregate(last=Max("pk"))["last"] or 0
    # Without a look at the documents: joined with them, a database may choose to go through all of these.
    later = Chunk.objects.filter(has_no_vector(generation.pk), pk__gt=generation.last_chunk).order_by("pk")
    ids = list(later.values_list("pk", flat=True)[:_AT_ONCE])
    if ids:
        return Batch(list(wanted.filter(pk__in=ids)), {"last_chunk": ids[-1]})
    if generation.last_chunk < end:
        return Batch([], {"last_chunk": end})
    # Ids are not given in the order of the commits, so that some may have come in behind; the log has these.
    published = IndexEvent.objects.filter(seq__gt=generation.followed_seq, operation=Operation.PUBLISH)
    events = list(
        published.exclude(generation=generation)
        .order_by("seq")
        .values_list("seq", "document_id")[:_EVENTS_AT_ONCE]
    )
    if not events:
        return None
    chunks = list(wanted.filter(document_id__in={document for _, document in events})[:_AT_ONCE])
    return Batch(chunks, {} if len(chunks) == _AT_ONCE else {"followed_seq": events[-1][0]})


@transaction.atomic
def store(
    lease: GenerationLease, generation: IndexGeneration, batch: Batch, vectors: np.ndarray, now: datetime
) -> None:
    """Keep the vectors of the chunks that are still there, and tell who follows this generation.

    Raises:
        LeaseLostError: the generation was cancelled or is somebody else's; nothing is kept.
    """
    ids = [chunk.pk for chunk in batch.chunks]
    present = set(
        Chunk.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", flat=True)
    )
    current = F("progress_current") + len(present)
    lease.renew(now, **batch.reached, progress_current=current)
    kept = [
        (chunk, vector) for chunk, vector in zip(batch.chunks, vectors, strict=True) if chunk.pk in present
    ]
    Embedding.objects.bulk_create(
        Embedding(chunk=chunk, generation=generation, vector=vector.tobytes()) for chunk, vector in kept
    )
    log.append(generation, Operation.PUBLISH, sorted({chunk.document_id for chunk, _ in kept}))


def _encoder(
    generation: IndexGeneration, lease: GenerationLease, encoders: Encoders, moment: Moment
) -> Encoder:
    with lease.kept():
        if generation.model_id:
            return encoders.of(generation)
        encoder = encoders.at(generation.model)
    _identify(generation, lease, encoder, moment.now())
    return encoder


@transaction.atomic
def _identify(generation: IndexGeneration, lease: GenerationLease, encoder: Encoder, now: datetime) -> None:
    """Write down whose vectors these are going to be, before there are any."""
    same = IndexGeneration.objects.filter(model_id=encoder.model_id).exclude(pk=generation.pk).first()
    if same is not None:
        what = "serves already" if same.serving else f"is already here, from {same.model}"
        raise ConfigurationError(f"{generation.model} holds the model {same.model_id}, which {what}.")
    lease.renew(
        now,
        model_id=encoder.model_id,
        dimension=encoder.dimension,
        # All that was published up to here is found by going through the chunks.
        followed_seq=log.end(),
        progress_current=0,
        progress_maximum=live_chunks().count(),
    )
    generation.refresh_from_db()


def _finish(lease: GenerationLease, now: datetime) -> bool:
    """Everything there was is embedded: the generation is ready, and serves if that is wanted."""
    generation = IndexGeneration.objects.get(pk=lease.generation_id)
    if generation.state == GenerationState.BUILDING:
        count = live_chunks().count()
        lease.renew(now, state=GenerationState.READY, progress_current=count, progress_maximum=count)
    if not generation.switch_wanted or switch_to(generation.pk):
        return False
    # Documents came in between; or a chunk was missed, and then all are gone through again.
    lease.renew(now, last_chunk=0)
    return True
