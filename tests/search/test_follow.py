from __future__ import annotations

import itertools
from datetime import timedelta
from threading import Event
from typing import Any

import django.db
import pytest

from kb.search import tail
from kb.search.engine.errors import IndexWriteError, VectorStoreDownError
from kb.search.errors import LogRewoundError
from kb.search.models import IndexEvent, IndexGeneration
from kb.search.tail import Position, Tailer, is_in_log, rebuild
from tests.search.documents import Delete, Publish
from tests.search.fakes import FakeEngine


def tailer_for(generation: IndexGeneration) -> Tailer:
    return Tailer(FakeEngine(), generation.pk, Position())


def contents(tailer: Tailer) -> dict[int, Any]:
    assert isinstance(tailer.engine, FakeEngine)
    return tailer.engine.documents


def test_change_during_a_rebuild_is_applied_afterwards(
    generation: IndexGeneration, publish: Publish, delete: Delete
) -> None:
    first = publish(["a"])

    class Interrupted(FakeEngine):
        def commit(self) -> None:
            if not self.commits:
                delete(first)
            super().commit()

    engine = Interrupted()
    position = rebuild(engine, generation.pk)
    assert engine.documents.keys() == {first.pk}
    tailer = Tailer(engine, generation.pk, position)
    tailer.catch_up()

    assert engine.documents == {}


def test_database_restored_older_is_noticed(generation: IndexGeneration, publish: Publish) -> None:
    """Case 40."""
    publish(["a"])
    last = publish(["b"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    IndexEvent.objects.filter(document_id=last.pk).delete()

    with pytest.raises(LogRewoundError):
        tailer.catch_up()
    assert not is_in_log(generation.pk, tailer.position)


def test_reused_number_in_a_restored_database_is_noticed(
    generation: IndexGeneration, publish: Publish
) -> None:
    """Case 40: the restored database has grown past the index again."""
    publish(["a"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    event = IndexEvent.objects.get()
    IndexEvent.objects.update(created_at=event.created_at + timedelta(seconds=5))
    publish(["b"])

    with pytest.raises(LogRewoundError):
        tailer.catch_up()
    assert not is_in_log(generation.pk, tailer.position)


class CountedHints:
    """Wake-ups that come at once, and stop the tailer after the last."""

    def __init__(self, stop: Event, rounds: int) -> None:
        self.stop, self.rounds = stop, itertools.count(rounds - 1, -1)

    def wait(self, stop: Event, timeout_s: float) -> None:
        if next(self.rounds) <= 0:
            self.stop.set()


def test_follow_applies_what_comes_and_reports_each_round(
    generation: IndexGeneration, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "_PAUSE_S", 0)
    stop, seen = Event(), list[int]()
    tailer = tailer_for(generation)

    def after_round(applied: int) -> None:
        seen.append(applied)
        publish([f"text {len(seen)}"])

    tailer.follow(stop, CountedHints(stop, rounds=3), after_round)
    assert seen == [0, 1, 1]


def test_follow_waits_for_database_disk_and_vector_store_and_says_so_once(
    generation: IndexGeneration,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(tail, "POLL_S", 0)
    document = publish(["a"])
    failures = iter(
        [
            django.db.OperationalError("gone"),
            django.db.InterfaceError("gone"),
            IndexWriteError(),
            VectorStoreDownError(),
        ]
    )

    class Away(FakeEngine):
        def replace_document(self, *args: Any) -> None:
            error = next(failures, None)
            if error is not None:
                raise error
            super().replace_document(*args)

    tailer, stop = Tailer(Away(), generation.pk, Position()), Event()
    tailer.follow(stop, CountedHints(stop, rounds=1), lambda applied: None)

    assert contents(tailer).keys() == {document.pk}
    assert caplog.text.count("cannot be followed") == 1


def test_documents_whose_vectors_were_lost_are_applied_without_an_event(
    generation: IndexGeneration, publish: Publish
) -> None:
    document = publish(["a"])
    tailer = tailer_for(generation)
    tailer.catch_up()
    assert isinstance(tailer.engine, FakeEngine)
    tailer.engine.staged.clear()
    tailer.engine.commit()
    tailer.engine.lost = {document.pk, 12345}

    assert tailer.catch_up() == 0
    assert contents(tailer).keys() == {document.pk}
    assert tailer.engine.lost == set()
