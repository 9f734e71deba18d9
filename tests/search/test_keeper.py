"""The index's life, in its own thread, with an index that is a dictionary."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.exceptions import ConfigurationError
from kb.search import keeper as keeper_module
from kb.search import tail
from kb.search.keeper import IndexKeeper, State
from kb.search.models import IndexEvent, IndexGeneration
from kb.search.opening import IndexOpener
from tests.search.documents import Delete, Publish
from tests.search.fakes import FakeEngine
from tests.search.serving import FakeEncoder

pytestmark = pytest.mark.django_db(transaction=True)

ENOUGH_S = 60.0


class Gate:
    """Hints that a test gives. While the keeper waits here, nobody else uses the database."""

    def __init__(self) -> None:
        self._look = threading.Semaphore(0)
        self._waiting = threading.Semaphore(0)
        self.closed = False

    def wait(self, stop: threading.Event, timeout_s: float) -> None:
        self._waiting.release()
        while not stop.is_set():
            if self._look.acquire(timeout=0.05):
                return

    def until_idle(self) -> None:
        assert self._waiting.acquire(timeout=ENOUGH_S), "the keeper never came to rest"

    def one_round(self) -> None:
        self._look.release()
        self.until_idle()

    def close(self) -> None:
        self.closed = True


class Rig:
    """Keepers on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = Gate()
        self.loaded: list[FakeEncoder] = []
        self.engines: list[FakeEngine] = []
        self.keepers: list[IndexKeeper[FakeEncoder]] = []
        self.load_encoder: Callable[[], FakeEncoder] = FakeEncoder
        self.engine_type: type[FakeEngine] = FakeEngine

    def start(self) -> IndexKeeper[FakeEncoder]:
        self.gate = Gate()
        opener = IndexOpener(self.folder, "built-in", self._load, self._make_engine)
        keeper = IndexKeeper(opener, self.gate)
        self.keepers.append(keeper)
        keeper.start()
        return keeper

    def started(self) -> IndexKeeper[FakeEncoder]:
        keeper = self.start()
        self.gate.until_idle()
        return keeper

    def snapshots(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "snapshots").glob("*"))

    def _load(self, generation: IndexGeneration | None) -> FakeEncoder:
        self.loaded.append(self.load_encoder())
        return self.loaded[-1]

    def _make_engine(self, encoder: FakeEncoder, folder: Path) -> FakeEngine:
        assert not any(folder.iterdir())
        self.engines.append(self.engine_type())
        return self.engines[-1]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(tail, "_PAUSE_S", 0)
    monkeypatch.setattr(keeper_module, "_FIRST_RETRY_S", 0.01)
    rig = Rig(tmp_path / "search")
    yield rig
    for keeper in rig.keepers:
        assert keeper.stop(ENOUGH_S)


def until(keeper: IndexKeeper[Any], condition: Callable[[State], bool]) -> None:
    deadline = time.monotonic() + ENOUGH_S
    while not condition(keeper.state):
        assert time.monotonic() < deadline, keeper.state
        time.sleep(0.01)


def ids(keeper: IndexKeeper[Any]) -> set[int]:
    assert keeper.state.tailer is not None
    return keeper.state.tailer.engine.chunk_ids()


def test_empty_installation_makes_its_generation_and_is_ready(rig: Rig) -> None:
    keeper = rig.started()

    assert keeper.state.status == "ok"
    assert ids(keeper) == set()
    assert IndexGeneration.objects.get().model_id == "tiny@1"


def test_index_is_built_from_the_database_and_follows_it(rig: Rig, publish: Publish, delete: Delete) -> None:
    first = publish(["a", "b"])
    keeper = rig.started()
    assert len(ids(keeper)) == 2
    publish(["c"])
    rig.gate.one_round()
    assert len(ids(keeper)) == 3
    delete(first)
    rig.gate.one_round()
    assert len(ids(keeper)) == 1


def test_snapshot_is_taken_at_the_end_and_loaded_at_the_start(rig: Rig, publish: Publish) -> None:
    publish(["a", "b"])
    assert rig.started().stop(ENOUGH_S)
    (name,) = rig.snapshots()
    keeper = rig.started()

    assert name == f"{IndexGeneration.objects.get().pk}-{IndexEvent.objects.get().seq}"
    assert len(ids(keeper)) == 2
    assert rig.engines[-1].commits == 0, "loaded, not built"


def test_unchanged_index_is_not_saved_again(rig: Rig, publish: Publish) -> None:
    publish(["a"])
    assert rig.started().stop(ENOUGH_S)
    shutil.copytree(rig.folder / "snapshots", rig.folder / "before")
    assert rig.started().stop(ENOUGH_S)

    assert rig.snapshots() == sorted(path.name for path in (rig.folder / "before").iterdir())


def test_events_after_the_snapshot_are_applied_before_serving(
    rig: Rig, publish: Publish, delete: Delete
) -> None:
    """Cases 34 and 40: the database is newer than the index."""
    gone = publish(["a"])
    assert rig.started().stop(ENOUGH_S)
    delete(gone)
    kept = publish(["b"])

    assert ids(rig.started()) == set(kept.chunks.values_list("pk", flat=True))


def test_damaged_snapshot_means_a_rebuild(rig: Rig, publish: Publish) -> None:
    """Case 36."""
    document = publish(["a"])
    assert rig.started().stop(ENOUGH_S)
    (vectors,) = rig.folder.glob("snapshots/*/vectors.json")
    vectors.write_text("{}")

    assert ids(rig.started()) == set(document.chunks.values_list("pk", flat=True))
    assert len(list((rig.folder / "quarantine").iterdir())) == 1


def test_database_restored_older_while_serving_is_loaded_anew(rig: Rig, publish: Publish) -> None:
    """Case 40."""
    kept, lost = publish(["a"]), publish(["b"])
    keeper = rig.started()
    assert len(ids(keeper)) == 2
    IndexEvent.objects.filter(document_id=lost.pk).delete()
    lost.chunks.all().delete()
    rig.gate.one_round()

    assert ids(keeper) == set(kept.chunks.values_list("pk", flat=True))
    assert keeper.state.status == "ok"


def test_ordered_rebuild_trusts_no_snapshot(rig: Rig, publish: Publish) -> None:
    publish(["a"])
    assert rig.started().stop(ENOUGH_S)
    keeper = rig.started()
    rig.engines[-1].documents[999] = (1, (999,))
    keeper.rebuild()
    rig.gate.one_round()

    assert 999 not in ids(keeper)
    assert len(ids(keeper)) == 1
    assert rig.snapshots() == []


def test_another_model_is_refused_with_the_reason(rig: Rig, generation: IndexGeneration) -> None:
    """Case 39."""
    IndexGeneration.objects.update(model_id="other@2")
    keeper = rig.start()
    until(keeper, lambda state: state.status == "failed")

    assert "other@2" in keeper.state.reason
    assert "KB_EMBEDDING_MODEL" in keeper.state.reason
    assert keeper.state.tailer is None


def test_model_that_does_not_load_is_said_and_tried_again(rig: Rig, publish: Publish) -> None:
    publish(["a"])
    failing = threading.Event()

    def load() -> FakeEncoder:
        if not failing.is_set():
            raise ConfigurationError("The model is not there.")
        return FakeEncoder()

    rig.load_encoder = load
    keeper = rig.start()
    until(keeper, lambda state: state.reason == "The model is not there.")
    failing.set()
    until(keeper, lambda state: state.status == "ok")

    assert len(ids(keeper)) == 1


def test_engine_that_breaks_is_replaced_by_a_fresh_one(rig: Rig, publish: Publish) -> None:
    class Fragile(FakeEngine):
        broken = False

        def commit(self) -> None:
            if Fragile.broken:
                Fragile.broken = False
                raise RuntimeError("half applied")
            super().commit()

    rig.engine_type = Fragile
    publish(["a"])
    keeper = rig.started()
    Fragile.broken = True
    publish(["b"])
    rig.gate.one_round()

    assert len(ids(keeper)) == 2
    assert len(rig.engines) == 2
    assert len(rig.loaded) == 1, "the encoder is loaded once"


def test_snapshot_that_cannot_be_written_does_not_stop_the_search(
    rig: Rig, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    """Case 37."""
    publish(["a"])
    keeper = rig.started()
    rig.engines[-1].full = True
    assert keeper.stop(ENOUGH_S)
    assert "No snapshot could be written" in caplog.text
    assert rig.snapshots() == []

    assert len(ids(rig.started())) == 1


def test_snapshot_is_taken_while_serving_when_it_is_due(
    rig: Rig, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.search.snapshot_timing.QUIET_S", 0.0)
    publish(["a"])
    rig.started()

    assert len(rig.snapshots()) == 1


def test_leftovers_of_dead_processes_are_removed(rig: Rig, publish: Publish) -> None:
    """Case 37: killed in mid-snapshot."""
    dead = rig.folder / "live-999999999"
    draft = rig.folder / "snapshots" / ".draft-1-1"
    for folder in (dead, draft):
        folder.mkdir(parents=True)
        (folder / "half").write_text("x")
    rig.started()

    assert not dead.exists()
    assert not draft.exists()


def test_end_closes_the_subscription(rig: Rig) -> None:
    assert rig.started().stop(ENOUGH_S)
    assert rig.gate.closed
