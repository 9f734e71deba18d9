"""Removing the vectors of a generation, a part at a time: a million rows at once would stop every writer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from ingest.generation_leases import GenerationLease
from kb.search.models import Embedding, IndexEvent, IndexGeneration

_AT_ONCE = 2000


def drop_some(
    generation: IndexGeneration,
    lease: GenerationLease,
    is_over: Callable[[], bool],
    now: Callable[[], datetime],
) -> bool:
    """Remove vectors, then events, then the generation itself, until the time is over.

    Returns:
        Whether something is left.

    Raises:
        LeaseLostError: somebody else is at it.
    """
    while _drop_vectors(generation, lease, now()) or _drop_events(generation, lease, now()):
        if is_over():
            return True
    generation.delete()
    return False


@transaction.atomic
def _drop_vectors(generation: IndexGeneration, lease: GenerationLease, now: datetime) -> int:
    # By the chunk, for which there is an index; only the generation has none.
    lease.renew(now)
    vectors = Embedding.objects.filter(generation=generation, chunk_id__gt=generation.last_chunk)
    chunks = list(vectors.order_by("chunk_id").values_list("chunk_id", flat=True)[:_AT_ONCE])
    if chunks:
        Embedding.objects.filter(generation=generation, chunk_id__in=chunks).delete()
        generation.last_chunk = chunks[-1]
        lease.renew(now, last_chunk=chunks[-1])
    return len(chunks)


@transaction.atomic
def _drop_events(generation: IndexGeneration, lease: GenerationLease, now: datetime) -> int:
    lease.renew(now)
    events = IndexEvent.objects.filter(generation=generation).order_by("seq")
    seqs = list(events.values_list("seq", flat=True)[:_AT_ONCE])
    IndexEvent.objects.filter(seq__in=seqs).delete()
    return len(seqs)
