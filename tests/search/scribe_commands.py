"""What the scribe can do; imported once Django is set up."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ingest.embedding import encoders, get_encoder
from ingest.reembedding import Moment, work_on
from kb.accounts.models import User
from kb.library.models import Chunk, Collection, Document, Status
from kb.library.services import create_collection, unpublish
from kb.search import log
from kb.search.generations import serving_generation
from kb.search.models import Embedding, IndexEvent, IndexGeneration, Operation


def work(generation: int) -> bool:
    """What a worker does when it is told of a generation; whether there is more to do."""
    now = time.monotonic()
    return work_on(generation, encoders, Moment(time.monotonic, now + 2, timezone.now))


def generations() -> list[dict[str, Any]]:
    columns = ("pk", "model", "serving", "state", "dimension", "progress_current", "progress_maximum")
    return list(IndexGeneration.objects.order_by("pk").values(*columns))


def publish(collection: str, texts: Sequence[str], announced: bool = True) -> dict[str, Any]:
    """A ready document with these chunks; see `delete` for announced."""
    encoder = get_encoder()
    vectors = encoder.embed_passages(texts).astype("<f2")
    with transaction.atomic():
        generation = serving_generation(encoder.model_id, encoder.dimension)
        owner, _ = Collection.objects.get_or_create(slug=collection, defaults={"name": collection})
        document = Document.objects.create(
            collection=owner,
            external_id=uuid.uuid4().hex,
            title="Travel",
            sha256=hashlib.sha256(uuid.uuid4().bytes).hexdigest(),
            size_bytes=1,
            status=Status.READY,
        )
        for ordinal, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
            chunk = Chunk.objects.create(
                document=document, ordinal=ordinal, start=0, end=len(text), text=text, tokens=1
            )
            Embedding.objects.create(chunk=chunk, generation=generation, vector=vector.tobytes())
        if announced:
            log.append(generation, Operation.PUBLISH, [document.pk])
    return {
        "document": document.pk,
        "collection": owner.pk,
        "chunks": list(document.chunks.values_list("pk", flat=True)),
    }


def own(collection: str, username: str) -> int:
    """Somebody makes a collection; its id."""
    return create_collection(User.objects.create(username=username), collection).pk


def delete(document: int, announced: bool = True) -> None:
    """Delete a document; when not announced, the event is missing, as no code of the product would do it."""
    with transaction.atomic():
        Document.objects.filter(pk=document).update(status=Status.DELETED, deleted_at=timezone.now())
        if announced:
            unpublish([document])


def write_at_once(collection: str, workers: int, each: int) -> dict[str, Any]:
    """Workers publish, and delete every third of their own, all at the same time, each with its connection.

    Returns:
        What failed, as words; and the live chunks in the end.
    """
    begin = threading.Barrier(workers)

    def work(worker: int) -> list[str]:
        failed = []
        begin.wait()
        for number in range(each):
            try:
                made = publish(collection, [f"Worker {worker} wrote number {number}."])
                if number % 3 == 0:
                    delete(made["document"])
            except Exception as error:
                failed.append(repr(error))
        connection.close()
        return failed

    with ThreadPoolExecutor(workers) as threads:
        failed = [error for errors in threads.map(work, range(workers)) for error in errors]
    live = Chunk.objects.filter(document__deleted_at=None).values_list("pk", flat=True)
    return {"failed": failed, "live": sorted(live)}


def restore_older(seq: int) -> None:
    """Be the database as it was when the log ended at this seq."""
    with transaction.atomic():
        later = set(IndexEvent.objects.filter(seq__gt=seq).values_list("document_id", flat=True))
        IndexEvent.objects.filter(seq__gt=seq).delete()
        Chunk.objects.filter(document_id__in=later).delete()


def let_go() -> None:
    """Of the database, which is about to be exchanged."""
    connection.close()


def seq() -> int:
    return IndexEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


COMMANDS: dict[str, Callable[..., Any]] = {
    "own": own,
    "publish": publish,
    "delete": delete,
    "write_at_once": write_at_once,
    "restore_older": restore_older,
    "let_go": let_go,
    "seq": seq,
    "work": work,
    "generations": generations,
}
