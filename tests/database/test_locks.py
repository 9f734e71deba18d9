"""What two transactions at once may not do to each other, where a database locks rows and not itself."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from django.utils import timezone

from ingest import cancelling, pipeline, sweeper
from ingest.cancelling import cancel_documents
from ingest.chunking import ChunkSpan
from ingest.failures import fail
from ingest.generation_leases import acquire as acquire_generation
from ingest.leases import Lease, acquire
from ingest.parsers.base import Block, ParsedDocument
from ingest.pipeline import Embedded, publish
from ingest.purge import purge_deleted
from ingest.reembedding import Batch, store
from ingest.row_leases import LeaseLostError
from ingest.services import Upload, submit_document
from ingest.sweeper import sweep_jobs
from kb.library.models import CANCELLED, Chunk, Collection, Document, Status
from kb.library.services import create_collection, delete_collection, delete_document, hold_documents
from kb.search.models import Embedding, IndexEvent, IndexGeneration
from tests.database.connecting import on_its_own_connection
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("on_postgresql", "settings_for_tests")

ENOUGH_S = 60.0
TEXT = "Book in Concur."


@pytest.fixture
def collection(on_postgresql: None) -> Collection:
    return create_collection(make_user("owner"), "Handbook")


def submitted(collection: Collection, text: str) -> tuple[Document, Lease]:
    """A version of one document, in a worker's hands."""
    assert collection.created_by is not None
    upload = Upload(io.BytesIO(text.encode()), "travel.md")
    document = submit_document(collection, collection.created_by, upload).document
    lease = acquire(document.job.pk, timezone.now(), 60)
    assert lease is not None
    return document, lease


def published(collection: Collection, text: str) -> Document:
    document, lease = submitted(collection, text)
    publish(document, lease, parsed(), embedded())
    return document


def parsed() -> ParsedDocument:
    return ParsedDocument(TEXT, "markdown", blocks=(Block("paragraph", 0, len(TEXT)),))


def embedded() -> Embedded:
    span = ChunkSpan(0, len(TEXT), None, None, (), 4)
    return Embedded([span], [[]], np.eye(1, 8, dtype=np.float16), "tiny@1", 8)


class Meeting:
    """Two transactions: the second comes while the first is in the middle."""

    def __init__(self) -> None:
        self._in_the_middle, self._go_on = Event(), Event()

    def pause(self) -> None:
        """The first one waits here for the second."""
        self._in_the_middle.set()
        assert self._go_on.wait(ENOUGH_S)

    def of(self, first: Callable[[], object], second: Callable[[], object]) -> None:
        """Have the first go on when the second waits for it. Raises what either raised."""
        with ThreadPoolExecutor(2) as threads:
            try:
                one = threads.submit(on_its_own_connection(first))
                assert self._in_the_middle.wait(ENOUGH_S)
                other = threads.submit(on_its_own_connection(second))
                self._until_it_waits_or_is_done(other)
            finally:
                self._go_on.set()
        one.result()
        other.result()

    def _until_it_waits_or_is_done(self, other: Future[object]) -> None:
        deadline = time.monotonic() + ENOUGH_S
        while not (other.done() or somebody_waits()):
            assert time.monotonic() < deadline, "it neither waits nor ends"
            time.sleep(0.01)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        (waiting,) = cursor.fetchone()
    return bool(waiting)


@pytest.mark.parametrize("what", ["document", "collection"])
def test_delete_while_the_next_version_is_published_ends(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Case 35: both want both versions, and must not wait for each other."""
    old = published(collection, "one")
    new, lease = submitted(collection, "two")
    meeting, store_text = Meeting(), pipeline._store_text

    def slowly(*arguments: Any) -> None:
        store_text(*arguments)
        meeting.pause()

    def delete() -> None:
        if what == "document":
            delete_document(old)
        else:
            delete_collection(collection)

    monkeypatch.setattr(pipeline, "_store_text", slowly)
    meeting.of(lambda: publish(new, lease, parsed(), embedded()), delete)

    assert set(Document.objects.values_list("status", flat=True)) == {Status.DELETED}
    events = list(IndexEvent.objects.order_by("seq").values_list("operation", "document_id"))
    assert events.index(("publish", new.pk)) < events.index(("remove", new.pk))


def waits(document: Document, lease: Lease) -> None:
    lease.release()


def begins(document: Document, lease: Lease) -> None:
    acquire(lease.job_id, timezone.now(), 60)


def goes_on(document: Document, lease: Lease) -> None:
    pipeline._show_progress(document, lease, 1, 2)


def ends(document: Document, lease: Lease) -> None:
    publish(document, lease, parsed(), embedded())


def fails(document: Document, lease: Lease) -> None:
    fail(lease, "damaged", "Not a PDF.")


def dies(document: Document, lease: Lease) -> None:
    sweep_jobs(timezone.now() + timedelta(hours=1))


@pytest.mark.parametrize(
    ("before", "work"), [(None, goes_on), (None, ends), (None, fails), (None, dies), (waits, begins)]
)
def test_cancel_and_a_worker_do_not_wait_for_each_other(
    collection: Collection,
    monkeypatch: pytest.MonkeyPatch,
    before: Callable[[Document, Lease], None] | None,
    work: Callable[[Document, Lease], None],
) -> None:
    document, lease = submitted(collection, "one")
    if before is not None:
        before(document, lease)
    meeting = Meeting()

    def hold_slowly(rows: Any) -> list[int]:
        held = hold_documents(rows)
        meeting.pause()
        return held

    def worker() -> None:
        with suppress(LeaseLostError):
            work(document, lease)

    monkeypatch.setattr(cancelling, "hold_documents", hold_slowly)
    monkeypatch.setattr(sweeper, "_broker_queue_is_empty", lambda: False)
    assert collection.created_by is not None
    cancelling_it = partial(cancel_documents, [document.pk], collection.created_by)
    meeting.of(cancelling_it, worker)

    document.refresh_from_db()
    assert (document.status, document.failure_code) == (Status.FAILED, CANCELLED)
    assert not Chunk.objects.exists()


def test_purge_while_another_model_embeds_the_document_leaves_nothing(collection: Collection) -> None:
    """Case 34: the vector that comes last must not outlive its chunk, nor stop the purge."""
    document = published(collection, "one")
    building = IndexGeneration.objects.create(model_id="other@1", dimension=8, state="building")
    lease = acquire_generation(building.pk, timezone.now(), 60)
    assert lease is not None
    batch = Batch(list(Chunk.objects.select_related("document")), {"last_chunk": 1})
    delete_document(document)
    meeting = Meeting()

    def embed() -> None:
        with transaction.atomic():
            store(lease, building, batch, np.eye(1, 8, dtype=np.float16), timezone.now())
            meeting.pause()

    meeting.of(embed, purge_deleted)

    assert not Chunk.objects.exists()
    assert not Embedding.objects.exists()
    assert Document.objects.get().purged_at is not None
