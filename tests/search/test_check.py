from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from kb.exceptions import SearchUnavailableError
from kb.library.models import Document, Status
from kb.search.check import Differences, IndexChecker, IndexChunks
from kb.search.check_sources import StoredSnapshot
from kb.search.errors import IndexBehindError, IndexLoadingError
from kb.search.models import Embedding, IndexEvent, IndexGeneration
from kb.search.snapshot import Snapshots
from kb.search.tail import Position, Tailer, rebuild
from tests.search.documents import Delete, Publish
from tests.search.fakes import FakeEngine

GHOST = 999_999


class Source:
    """An index in step with its log, unless a test makes it wrong or slow.

    Attributes:
        on_read: called before each reading with its number, from 0.
        follows: whether a reading applies new events first.
    """

    def __init__(self, generation: IndexGeneration) -> None:
        self.generation = generation
        self.engine = FakeEngine()
        self.tailer = Tailer(self.engine, generation.pk, Position())
        self.on_read: Callable[[int], None] = lambda number: None
        self.follows = True
        self.readings = 0
        self.rebuilds = 0

    def read(self) -> IndexChunks:
        number, self.readings = self.readings, self.readings + 1
        self.on_read(number)
        if self.follows:
            self.tailer.catch_up()
        return IndexChunks(self.generation.pk, self.tailer.position.seq, self.engine.chunks())

    def rebuild(self) -> None:
        self.rebuilds += 1
        self.engine = FakeEngine()
        self.tailer = Tailer(self.engine, self.generation.pk, rebuild(self.engine, self.generation.pk))

    def lose(self, document: Document) -> None:
        self.tailer.catch_up()
        del self.engine.documents[document.pk], self.engine.staged[document.pk]

    def add_ghost(self, chunk_id: int, document_id: int = GHOST) -> None:
        self.tailer.catch_up()
        self.engine.staged[document_id] = self.engine.documents[document_id] = (1, (chunk_id,))


@pytest.fixture
def source(generation: IndexGeneration) -> Source:
    return Source(generation)


@pytest.fixture
def checker(generation: IndexGeneration, source: Source) -> IndexChecker:
    return IndexChecker(generation, source, pause=lambda seconds: None)


def chunk_ids(document: Document) -> frozenset[int]:
    return frozenset(document.chunks.values_list("pk", flat=True))


def test_index_in_step_has_no_differences(checker: IndexChecker, publish: Publish, delete: Delete) -> None:
    publish(["a", "b"])
    delete(publish(["c"]))

    assert not checker.differences()


def test_lost_document_is_found_and_published_again(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    publish(["a"])
    lost = publish(["b", "c"])
    source.lose(lost)
    found = checker.differences()
    assert found == Differences(missing=chunk_ids(lost))

    assert not checker.repair(found)
    assert source.engine.chunk_ids() >= chunk_ids(lost)
    assert source.rebuilds == 0


def test_chunk_that_is_not_live_any_more_is_found_and_removed(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    """Case 34: its removal was never written to the log."""
    document = publish(["a"])
    source.tailer.catch_up()
    Document.objects.filter(pk=document.pk).update(status=Status.DELETED, deleted_at=timezone.now())
    found = checker.differences()
    assert found == Differences(extra=chunk_ids(document))

    assert not checker.repair(found)
    assert source.engine.chunk_ids() == set()
    assert source.rebuilds == 0


def test_chunk_that_no_document_has_goes_while_the_index_serves(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    document = publish(["a"])
    source.add_ghost(GHOST)
    found = checker.differences()
    assert found == Differences(extra=frozenset({GHOST}))

    assert not checker.repair(found)
    assert source.rebuilds == 0
    assert source.engine.chunk_ids() == chunk_ids(document)


def test_chunk_whose_rows_are_gone_goes_and_its_neighbour_stays(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    document = publish(["a", "b"])
    source.tailer.catch_up()
    gone = document.chunks.order_by("pk").first()
    assert gone is not None
    Embedding.objects.filter(chunk=gone).delete()
    found = checker.differences()
    assert found == Differences(extra=frozenset({gone.pk}))

    assert not checker.repair(found)
    assert source.rebuilds == 0
    assert source.engine.chunk_ids() == chunk_ids(document) - {gone.pk}


def test_chunk_that_no_event_reaches_needs_a_rebuild(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    document = publish(["a"])
    source.add_ghost(GHOST)
    source.engine.stuck = True
    found = checker.differences()

    assert not checker.repair(found)
    assert source.rebuilds == 1
    assert source.engine.chunk_ids() == chunk_ids(document)


def test_change_that_is_on_its_way_is_no_difference(
    checker: IndexChecker, source: Source, publish: Publish, delete: Delete
) -> None:
    gone = publish(["a"])
    source.tailer.catch_up()
    source.follows = False
    publish(["b"])
    delete(gone)

    def follow_late(number: int) -> None:
        source.follows = number >= 3

    source.on_read = follow_late
    assert not checker.differences()
    assert source.readings == 4


def test_change_during_the_second_look_is_no_difference(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    lost = publish(["a"])
    source.lose(lost)

    def publish_more(number: int) -> None:
        source.follows = number == 0
        publish([f"text {number}"])

    source.on_read = publish_more
    source.follows = True
    assert checker.differences() == Differences(missing=chunk_ids(lost))


def test_index_that_does_not_follow_is_an_error(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    source.follows = False
    publish(["a"])
    with pytest.raises(IndexBehindError):
        checker.differences()


def test_index_of_another_generation_is_an_error(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    publish(["a"])
    source.generation = IndexGeneration.objects.create(model_id="other@2", dimension=4)
    with pytest.raises(IndexBehindError, match="generation"):
        checker.differences()


def test_loading_index_is_waited_for_and_a_dead_one_is_not(
    checker: IndexChecker, source: Source, publish: Publish
) -> None:
    publish(["a"])

    def loading(number: int) -> None:
        if number < 500:
            raise IndexLoadingError

    source.on_read = loading
    assert not checker.differences()

    def dead(number: int) -> None:
        raise SearchUnavailableError

    source.on_read = dead
    with pytest.raises(IndexBehindError):
        checker.differences()


def test_what_cannot_be_repaired_is_reported(checker: IndexChecker, source: Source, publish: Publish) -> None:
    damaged = publish(["a"])
    Embedding.objects.filter(chunk__document=damaged).update(vector=b"\0")
    found = checker.differences()

    assert checker.repair(found) == Differences(missing=chunk_ids(damaged))


def test_without_repair_nothing_is_written(checker: IndexChecker, source: Source, publish: Publish) -> None:
    source.lose(publish(["a"]))
    events = IndexEvent.objects.count()
    assert checker.differences()

    assert IndexEvent.objects.count() == events


def test_snapshot_is_checked_as_a_server_would_start_with_it(
    generation: IndexGeneration, publish: Publish, tmp_path: Path
) -> None:
    snapshots = Snapshots(tmp_path, generation.pk, generation.model_id, generation.dimension)
    assert not StoredSnapshot(generation, snapshots, FakeEngine).exists
    source = Source(generation)
    kept = publish(["a"])
    source.add_ghost(GHOST)
    snapshots.write(source.engine, source.tailer.position)
    later = publish(["b"])
    stored = StoredSnapshot(generation, snapshots, FakeEngine)
    checker = IndexChecker(generation, stored, pause=lambda seconds: None)
    assert checker.differences() == Differences(extra=frozenset({GHOST}))

    assert not checker.repair(checker.differences())
    assert stored.read().documents.keys() == chunk_ids(kept) | chunk_ids(later)
    again = StoredSnapshot(generation, snapshots, FakeEngine)
    assert again.read().documents.keys() == chunk_ids(kept) | chunk_ids(later)
