"""`IndexEvent` numbers become visible in the order of the commits, so that who reads on skips none."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest
from django.db import connection, transaction

from kb.library.models import Collection, Document, Status
from kb.search.log import append
from kb.search.models import IndexEvent, IndexGeneration, Operation
from kb.search.tail import Position, Tailer
from tests.database.connecting import on_its_own_connection
from tests.search.documents import DIMENSION, add_chunks
from tests.search.fakes import FakeEngine

pytestmark = pytest.mark.usefixtures("on_postgresql")

ENOUGH_S = 60.0
WRITERS, TRANSACTIONS = 16, 12


class TakenBackError(Exception):
    """A transaction that comes to nothing."""


@pytest.fixture
def generation(on_postgresql: None) -> IndexGeneration:
    return IndexGeneration.objects.create(model_id="tiny@1", dimension=DIMENSION, serving=True)


@pytest.fixture
def tailer(generation: IndexGeneration) -> Tailer:
    return Tailer(FakeEngine(), generation.pk, Position())


@pytest.fixture
def publish(generation: IndexGeneration) -> Callable[..., int]:
    """One transaction that makes a document searchable, with pauses at its beginning and before its end."""
    collection = Collection.objects.create(name="Handbook", slug="handbook")

    def nothing() -> None: ...

    def publish(
        name: str, at_first: Callable[[], object] = nothing, at_last: Callable[[], object] = nothing
    ) -> int:
        with transaction.atomic():
            document = Document.objects.create(
                collection=collection,
                external_id=name,
                title=name,
                sha256=name,
                size_bytes=1,
                status=Status.READY,
            )
            add_chunks(document, generation, ["Book in Concur."])
            at_first()
            append(generation, Operation.PUBLISH, [document.pk])
            at_last()
        return document.pk

    return publish


def documents(tailer: Tailer) -> set[int]:
    assert isinstance(tailer.engine, FakeEngine)
    return set(tailer.engine.documents)


def somebody_waits_for_the_log() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        (waiting,) = cursor.fetchone()
    return bool(waiting)


def until_it_waits_or_is_done(second: Future[int]) -> None:
    deadline = time.monotonic() + ENOUGH_S
    while not (second.done() or somebody_waits_for_the_log()):
        assert time.monotonic() < deadline, "it neither waits nor ends"
        time.sleep(0.01)


def test_transaction_that_numbers_first_and_commits_last_is_not_skipped(
    publish: Callable[..., int], tailer: Tailer
) -> None:
    """The second has nothing to do but to commit, and would be seen before the first with a higher number."""
    numbered, may_commit = Event(), Event()

    def linger() -> None:
        numbered.set()
        may_commit.wait(ENOUGH_S)

    with ThreadPoolExecutor(2) as threads:
        try:
            first = threads.submit(on_its_own_connection(lambda: publish("first", at_last=linger)))
            assert numbered.wait(ENOUGH_S)
            second = threads.submit(on_its_own_connection(lambda: publish("second")))
            until_it_waits_or_is_done(second)
            tailer.catch_up()
            seen_early = documents(tailer)
        finally:
            may_commit.set()
    tailer.catch_up()

    assert documents(tailer) == {first.result(), second.result()}
    assert seen_early == set(), "nothing was committed in order yet"


def test_transaction_that_begins_first_and_numbers_last_has_the_higher_number(
    publish: Callable[..., int], tailer: Tailer
) -> None:
    begun, may_number = Event(), Event()

    def linger() -> None:
        begun.set()
        may_number.wait(ENOUGH_S)

    with ThreadPoolExecutor(1) as threads:
        try:
            first = threads.submit(on_its_own_connection(lambda: publish("first", at_first=linger)))
            assert begun.wait(ENOUGH_S)
            second = publish("second")
            tailer.catch_up()
            assert documents(tailer) == {second}
        finally:
            may_number.set()
    tailer.catch_up()

    assert documents(tailer) == {first.result(), second}
    in_order = IndexEvent.objects.order_by("seq").values_list("document_id", flat=True)
    assert list(in_order) == [second, first.result()]


def test_many_writers_leave_no_gap_for_who_reads_on(publish: Callable[..., int], tailer: Tailer) -> None:
    """Case 38. Every sixth transaction is taken back, so that numbers are missing as well."""

    def write(writer: int) -> set[int]:
        chance, published = random.Random(writer), set[int]()

        def pause() -> None:
            time.sleep(chance.random() / 100)

        def end() -> None:
            pause()
            if chance.random() < 1 / 6:
                raise TakenBackError

        for number in range(TRANSACTIONS):
            try:
                published.add(publish(f"{writer}-{number}", at_first=pause, at_last=end))
            except TakenBackError:
                continue
        return published

    with ThreadPoolExecutor(WRITERS) as threads:
        writing = [threads.submit(on_its_own_connection(partial(write, writer))) for writer in range(WRITERS)]
        while not all(each.done() for each in writing):
            tailer.catch_up()
        published = set[int]().union(*(each.result() for each in writing))
    tailer.catch_up()

    assert documents(tailer) == published
    assert committed_in_the_order_of_their_numbers()


def committed_in_the_order_of_their_numbers() -> bool:
    """As PostgreSQL itself has noted the times of the commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_xact_commit_timestamp(xmin) FROM search_indexevent ORDER BY seq")
        times = [time for (time,) in cursor.fetchall()]
    return len(times) > 1 and None not in times and times == sorted(times)
