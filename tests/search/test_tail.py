from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.library.models import Collection, Document, Status
from kb.search import tail
from kb.search.live import live_documents
from kb.search.log import append
from kb.search.models import Embedding, IndexEvent, IndexGeneration, Operation
from kb.search.tail import Position, Tailer, log_end, rebuild
from tests.search.documents import Delete, Publish, add_chunks
from tests.search.fakes import FakeEngine


def tailer_for(generation: IndexGeneration) -> Tailer:
    return Tailer(FakeEngine(), generation.pk, Position())


def contents(tailer: Tailer) -> dict[int, Any]:
    assert isinstance(tailer.engine, FakeEngine)
    return tailer.engine.documents


def chunk_ids(document: Document) -> set[int]:
    return set(document.chunks.values_list("pk", flat=True))


def test_published_document_is_searchable_after_catching_up(
    generation: IndexGeneration, publish: Publish, collection: Collection
) -> None:
    document = publish(["book in Concur", "hotels"])
    tailer = tailer_for(generation)

    assert tailer.catch_up() == 1
    assert contents(tailer) == {document.pk: (collection.pk, tuple(sorted(chunk_ids(document))))}
    assert tailer.position == log_end(generation.pk)


def test_row_carries_title_headings_text_and_vector(generation: IndexGeneration, publish: Publish) -> None:
    document = publish(["book in Concur"])
    (live,) = live_documents(generation.pk, [document.pk])
    (row,) = live.rows

    assert (row.title, row.headings, row.body) == ("Travel", "Trips Hotels", "book in Concur")
    assert row.vector == Embedding.objects.get().vector


def test_deleted_document_is_removed(generation: IndexGeneration, publish: Publish, delete: Delete) -> None:
    """Case 34."""
    kept, gone = publish(["a"]), publish(["b"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    delete(gone)
    tailer.catch_up()

    assert contents(tailer).keys() == {kept.pk}


def test_publish_event_of_a_document_that_was_deleted_since_adds_nothing(
    generation: IndexGeneration, publish: Publish
) -> None:
    """Case 34: the delete's own event is not even there yet."""
    document = publish(["a"])
    Document.objects.filter(pk=document.pk).update(status=Status.DELETED, deleted_at=timezone.now())
    tailer = tailer_for(generation)

    assert tailer.catch_up() == 1
    assert contents(tailer) == {}


@pytest.mark.parametrize(
    "change",
    [{"status": Status.QUEUED}, {"status": Status.FAILED}, {"superseded_at": timezone.now()}],
    ids=["queued-again", "failed", "superseded"],
)
def test_document_that_is_not_live_is_removed(
    generation: IndexGeneration, publish: Publish, change: dict[str, Any]
) -> None:
    document = publish(["a"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    with transaction.atomic():
        Document.objects.filter(pk=document.pk).update(**change)
        append(generation, Operation.REMOVE, [document.pk])
    tailer.catch_up()

    assert contents(tailer) == {}


def test_purged_rows_are_tolerated(generation: IndexGeneration, publish: Publish) -> None:
    document = publish(["a"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    with transaction.atomic():
        append(generation, Operation.REMOVE, [document.pk])
        document.delete()
    tailer.catch_up()

    assert contents(tailer) == {}


def test_republished_document_has_only_its_new_chunks(generation: IndexGeneration, publish: Publish) -> None:
    document = publish(["old"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    with transaction.atomic():
        document.chunks.all().delete()
        add_chunks(document, generation, ["new", "newer"])
        append(generation, Operation.PUBLISH, [document.pk])
    tailer.catch_up()

    assert tailer.engine.chunk_ids() == chunk_ids(document)


def test_chunk_without_a_vector_in_this_generation_is_not_searchable(
    generation: IndexGeneration, publish: Publish
) -> None:
    other = IndexGeneration.objects.create(model_id="other@1", dimension=8)
    document = publish(["a"])
    Embedding.objects.update(generation=other)
    tailer = tailer_for(generation)
    tailer.catch_up()

    assert document.pk not in contents(tailer)


def test_damaged_vector_keeps_nothing_else_out(
    generation: IndexGeneration, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = publish(["bad", "also bad"]), publish(["good"])
    Embedding.objects.filter(chunk__document=bad, chunk__ordinal=1).update(vector=b"\0\0\0")
    tailer = tailer_for(generation)
    tailer.catch_up()

    assert tailer.engine.chunk_ids() == chunk_ids(good)
    assert f"Document {bad.pk} is not searchable" in caplog.text


def test_applying_all_events_again_changes_nothing(
    generation: IndexGeneration, publish: Publish, delete: Delete
) -> None:
    documents = [publish([f"text {number}"]) for number in range(4)]
    delete(documents[1])
    tailer = tailer_for(generation)
    tailer.catch_up()
    before = contents(tailer)
    tailer.position = Position()
    tailer.catch_up()

    assert contents(tailer) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(["publish", "delete", "read"]), st.integers(0, 3)), max_size=12)
)
def test_any_order_of_changes_and_readings_ends_as_a_rebuild(
    generation: IndexGeneration,
    publish: Publish,
    delete: Delete,
    steps: list[tuple[str, int]],
) -> None:
    """Case 38: index ids equal database ids at rest, whenever the tailer looked."""
    tailer, live = tailer_for(generation), list[Document]()
    tailer.position = rebuild(tailer.engine, generation.pk)
    for step, number in steps:
        if step == "publish":
            live.append(publish([f"text {index}" for index in range(number + 1)]))
        elif step == "delete" and live:
            delete(live.pop(number % len(live)))
        elif step == "read":
            tailer.catch_up()
    tailer.catch_up()
    rebuilt = FakeEngine()

    assert rebuild(rebuilt, generation.pk) == tailer.position
    assert contents(tailer) == rebuilt.documents


def test_batch_is_committed_once_and_counted_queries_do_not_grow(
    generation: IndexGeneration, publish: Publish, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        publish([f"text {number}"])
    tailer = tailer_for(generation)
    # events, the batch's rows, and once more events: none
    with django_assert_num_queries(3):
        tailer.catch_up()

    assert isinstance(tailer.engine, FakeEngine)
    assert tailer.engine.commits == 1


def test_more_events_than_a_batch_are_all_applied(
    generation: IndexGeneration, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "_BATCH", 3)
    documents = [publish([f"text {number}"]) for number in range(7)]
    tailer = tailer_for(generation)

    assert tailer.catch_up() == 7
    assert contents(tailer).keys() == {document.pk for document in documents}
    rebuilt = FakeEngine()
    rebuild(rebuilt, generation.pk)
    assert rebuilt.documents == contents(tailer)


def test_events_of_another_generation_are_not_applied(generation: IndexGeneration, publish: Publish) -> None:
    other = IndexGeneration.objects.create(model_id="other@1", dimension=8)
    document = publish(["a"])
    IndexEvent.objects.update(generation=other)
    tailer = tailer_for(generation)

    assert tailer.catch_up() == 0
    assert document.pk not in contents(tailer)


def test_lag_counts_what_is_not_applied(generation: IndexGeneration, publish: Publish) -> None:
    tailer = tailer_for(generation)
    publish(["a"])
    publish(["b"])
    assert tailer.lag() == 2
    tailer.catch_up()
    assert tailer.lag() == 0
