"""What the scribe can do; imported once Django is set up."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from kb.conf import config
from kb.library.models import Chunk, Collection, Document, Status
from kb.search import log
from kb.search.engine.encoder import Encoder, load_encoder
from kb.search.generations import serving_generation
from kb.search.models import Embedding, IndexEvent, Operation


@functools.cache
def encoder() -> Encoder:
    return load_encoder(config.embedding_model, "cpu", config.data_dir / "models")


def publish(collection: str, texts: Sequence[str]) -> dict[str, Any]:
    """A ready document with these chunks."""
    vectors = encoder().embed_passages(texts).astype("<f2")
    with transaction.atomic():
        generation = serving_generation(encoder().model_id, encoder().dimension)
        owner, _ = Collection.objects.get_or_create(slug=collection, defaults={"name": collection})
        document = Document.objects.create(
            collection=owner,
            external_id=f"{Document.objects.count()}",
            title="Travel",
            sha256=hashlib.sha256("\n".join(texts).encode()).hexdigest(),
            size_bytes=1,
            status=Status.READY,
        )
        for ordinal, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
            chunk = Chunk.objects.create(
                document=document, ordinal=ordinal, start=0, end=len(text), text=text, tokens=1
            )
            Embedding.objects.create(chunk=chunk, generation=generation, vector=vector.tobytes())
        log.append(generation, Operation.PUBLISH, [document.pk])
    return {
        "document": document.pk,
        "collection": owner.pk,
        "chunks": list(document.chunks.values_list("pk", flat=True)),
    }


def delete(document: int, announced: bool = True) -> None:
    """Delete a document; when not announced, the event is missing, as no code of the product would do it."""
    with transaction.atomic():
        Document.objects.filter(pk=document).update(status=Status.DELETED, deleted_at=timezone.now())
        if announced:
            generation = serving_generation(encoder().model_id, encoder().dimension)
            log.append(generation, Operation.REMOVE, [document])


def restore_older(seq: int) -> None:
    """Be the database as it was when the log ended at this seq."""
    with transaction.atomic():
        later = set(IndexEvent.objects.filter(seq__gt=seq).values_list("document_id", flat=True))
        IndexEvent.objects.filter(seq__gt=seq).delete()
        Chunk.objects.filter(document_id__in=later).delete()


def seq() -> int:
    return IndexEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


COMMANDS: dict[str, Callable[..., Any]] = {
    "publish": publish,
    "delete": delete,
    "restore_older": restore_older,
    "seq": seq,
}
