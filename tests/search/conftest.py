from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from django.db import transaction
from django.utils import timezone

from kb.library.models import Collection, Document, Status
from kb.search.client import SearchClient
from kb.search.log import append
from kb.search.models import IndexGeneration, Operation
from tests.search.documents import DIMENSION, Publish, add_chunks
from tests.search.milvus_server import MilvusServer
from tests.search.serving import PATIENT_S, TOKEN, Running, StillKeeper, ready_keeper


@pytest.fixture
def generation(db: None) -> IndexGeneration:
    return IndexGeneration.objects.create(model_id="tiny@1", dimension=DIMENSION, serving=True)


@pytest.fixture
def collection(db: None) -> Collection:
    return Collection.objects.create(name="Handbook", slug="handbook")


@pytest.fixture
def publish(generation: IndexGeneration, collection: Collection) -> Publish:
    """Write a ready document with these chunks, and its event, as ingest does."""

    def publish(texts: Sequence[str], title: str = "Travel") -> Document:
        with transaction.atomic():
            number = Document.objects.count()
            document = Document.objects.create(
                collection=collection,
                external_id=f"{title}-{number}",
                title=title,
                sha256=hashlib.sha256(f"{number}".encode()).hexdigest(),
                size_bytes=1,
                status=Status.READY,
            )
            add_chunks(document, generation, texts)
            append(generation, Operation.PUBLISH, [document.pk])
        return document

    return publish


@pytest.fixture
def delete(generation: IndexGeneration) -> Callable[[Document], None]:
    """Delete a document, and write its event, as the library does."""

    def delete(document: Document) -> None:
        with transaction.atomic():
            document.status, document.deleted_at = Status.DELETED, timezone.now()
            document.save(update_fields=["status", "deleted_at"])
            append(generation, Operation.REMOVE, [document.pk])

    return delete


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """One for all tests; a test that stops it makes its own."""
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    with pytest.MonkeyPatch.context() as patient:
        # A search gives Milvus three seconds; a test machine may stand still for longer.
        for name in ("_SEARCH_S", "_PING_S"):
            patient.setattr(f"kb.search.engine.milvus_store.{name}", PATIENT_S)
        yield server
    server.stop()


@pytest.fixture
def keeper() -> StillKeeper:
    return ready_keeper()


@pytest.fixture
def server(keeper: StillKeeper) -> Iterator[Running]:
    with closing(Running(keeper)) as running:
        yield running


@pytest.fixture
def client(server: Running) -> Iterator[SearchClient]:
    with closing(SearchClient(server.url, TOKEN, timeout_s=PATIENT_S)) as made:
        yield made
