"""Case 39: the search server changes over to another model's index, and answers all the while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import transaction

from kb.exceptions import ConfigurationError
from kb.library.embedding_models import switch_to
from kb.library.models import Chunk
from kb.search import successor as successor_module
from kb.search import tail
from kb.search.engine.types import Row
from kb.search.keeper import IndexKeeper
from kb.search.log import append
from kb.search.models import Embedding, IndexGeneration, Operation
from kb.search.opening import IndexOpener
from tests.search.documents import DIMENSION, Publish
from tests.search.fakes import FakeEngine
from tests.search.serving import FakeEncoder
from tests.search.test_keeper import ENOUGH_S, Gate

pytestmark = pytest.mark.django_db(transaction=True)


class Bound(FakeEngine):
    """An index that takes only vectors of its encoder's dimension, and remembers whose it is."""

    encoder: FakeEncoder

    def replace_document(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None:
        assert all(len(row.vector) == 2 * self.encoder.dimension for row in rows), "vectors of two models"
        super().replace_document(document_id, collection_id, [replace(row, vector=b"") for row in rows])


class Rig:
    """A keeper whose loading of the second model a test can hold up or make fail."""

    def __init__(self, folder: Path) -> None:
        self.gate = Gate()
        self.loaded: list[str] = []
        self.may_load = threading.Event()
        self.fails = False
        self.opener = IndexOpener(folder, "built-in", self._load, self._make)
        self.keeper = IndexKeeper(self.opener, self.gate)

    def _load(self, generation: IndexGeneration | None) -> FakeEncoder:
        assert generation is not None
        if generation.model_id != "tiny@1":
            assert self.may_load.wait(ENOUGH_S)
            if self.fails:
                raise ConfigurationError("The model is not there.")
        self.loaded.append(generation.model_id)
        return FakeEncoder(generation.model_id, generation.dimension)

    def _make(self, encoder: FakeEncoder, folder: Path) -> Bound:
        engine = Bound()
        engine.encoder = encoder
        return engine

    def round(self) -> None:
        self.gate.one_round()

    def until_successor_ends(self) -> None:
        self.keeper._successor.join(ENOUGH_S)

    def serves(self) -> tuple[str, int]:
        """The model of the encoder, and the generation of the index: always of one another."""
        tailer = self.keeper.state.tailer
        assert tailer is not None and isinstance(tailer.engine, Bound)
        assert self.keeper.encoder is tailer.engine.encoder
        return tailer.engine.encoder.model_id, tailer.generation_id


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(tail, "_PAUSE_S", 0)
    monkeypatch.setattr(successor_module, "_RETRY_S", 0.0)
    made = Rig(tmp_path / "search")
    yield made
    made.may_load.set()
    assert made.keeper.stop(ENOUGH_S)


@pytest.fixture(params=[DIMENSION, 2 * DIMENSION], ids=["same dimension", "other dimension"])
def other(request: pytest.FixtureRequest, generation: IndexGeneration, publish: Publish) -> IndexGeneration:
    """Complete, beside the one that serves, with two chunks."""
    made = IndexGeneration.objects.create(model_id="other@2", dimension=request.param)
    publish(["hotel", "train"])
    embed(made)
    return made


def embed(generation: IndexGeneration) -> None:
    for chunk in Chunk.objects.exclude(embeddings__generation=generation):
        vector = b"\0" * 2 * generation.dimension
        Embedding.objects.create(chunk=chunk, generation=generation, vector=vector)


def start(rig: Rig) -> None:
    rig.keeper.start()
    rig.gate.until_idle()


def found(rig: Rig, words: str = "hotel") -> int:
    tailer = rig.keeper.state.tailer
    assert tailer is not None, rig.keeper.state
    return len(tailer.engine.search(words, None, 10, 10).hits)


def test_old_index_answers_until_the_new_one_is_loaded(rig: Rig, other: IndexGeneration) -> None:
    start(rig)
    old = rig.serves()
    assert switch_to(other.pk)
    for _ in range(3):
        rig.round()
        assert (rig.serves(), found(rig), rig.keeper.state.status) == (old, 1, "ok")
    rig.may_load.set()
    rig.until_successor_ends()
    rig.round()

    assert rig.serves() == ("other@2", other.pk)
    assert (found(rig), rig.keeper.state.status) == (1, "ok")


def test_no_query_fails_while_it_goes_over_and_back(
    rig: Rig, other: IndexGeneration, generation: IndexGeneration
) -> None:
    start(rig)
    rig.may_load.set()
    troubles: list[object] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                assert found(rig) == 1
                assert rig.keeper.state.status == "ok"
            except Exception as error:
                troubles.append(error)
            time.sleep(0.0005)

    asking = threading.Thread(target=ask)
    asking.start()
    seen = []
    for target in (other, generation, other):
        assert switch_to(target.pk)
        rig.round()
        rig.until_successor_ends()
        rig.round()
        seen.append(rig.serves()[1])
    stop.set()
    asking.join()

    assert seen == [other.pk, generation.pk, other.pk]
    assert troubles == []


def test_way_back_is_loaded_from_the_snapshot(
    rig: Rig, other: IndexGeneration, generation: IndexGeneration, caplog: pytest.LogCaptureFixture
) -> None:
    start(rig)
    rig.may_load.set()
    change(rig, other)
    caplog.clear()
    change(rig, generation)

    assert rig.serves() == ("tiny@1", generation.pk)
    assert "Built the index from the database" not in caplog.text


def test_model_that_does_not_load_leaves_the_old_one_serving(rig: Rig, other: IndexGeneration) -> None:
    start(rig)
    rig.fails = True
    rig.may_load.set()
    assert switch_to(other.pk)
    rig.round()
    rig.until_successor_ends()
    rig.round()
    assert rig.serves()[0] == "tiny@1"
    assert (rig.keeper.state.status, rig.keeper.state.reason) == ("ok", "The model is not there.")

    rig.until_successor_ends()
    rig.fails = False
    until(lambda: rig.serves()[0] == "other@2", rig)
    assert rig.keeper.state.reason == ""


def test_switched_back_before_it_was_loaded_nothing_changes(
    rig: Rig, other: IndexGeneration, generation: IndexGeneration
) -> None:
    start(rig)
    assert switch_to(other.pk)
    rig.round()
    assert switch_to(generation.pk)
    rig.may_load.set()
    rig.until_successor_ends()
    rig.round()
    rig.round()

    assert rig.serves() == ("tiny@1", generation.pk)
    assert rig.keeper.state.status == "ok"


def test_new_documents_are_found_after_the_switch(rig: Rig, other: IndexGeneration, publish: Publish) -> None:
    start(rig)
    rig.may_load.set()
    change(rig, other)
    document = publish(["a new hotel"])
    embed(other)
    with transaction.atomic():
        append(other, Operation.PUBLISH, [document.pk])
    rig.round()

    assert found(rig) == 2


def test_mismatch_with_the_environment_is_said_and_no_outage(rig: Rig, other: IndexGeneration) -> None:
    IndexGeneration.objects.filter(pk=other.pk).update(model="/models/other")
    start(rig)
    rig.may_load.set()
    change(rig, other)

    assert rig.keeper.state.status == "ok"
    assert "/models/other serves" in rig.keeper.state.reason
    assert "KB_EMBEDDING_MODEL names built-in" in rig.keeper.state.reason


def test_snapshots_of_a_dropped_generation_are_removed(
    rig: Rig, other: IndexGeneration, generation: IndexGeneration
) -> None:
    start(rig)
    rig.may_load.set()
    change(rig, other)
    folder = rig.opener.folder / "snapshots"
    assert [path.name.partition("-")[0] for path in folder.iterdir()] == [str(generation.pk)]
    generation.delete()
    rig.keeper.rebuild()
    rig.round()

    assert not any(path.name.startswith(f"{generation.pk}-") for path in folder.iterdir())


def change(rig: Rig, target: IndexGeneration) -> None:
    assert switch_to(target.pk)
    rig.round()
    rig.until_successor_ends()
    rig.round()
    assert rig.serves()[1] == target.pk


def until(condition: Callable[[], bool], rig: Rig) -> None:
    deadline = time.monotonic() + ENOUGH_S
    while not condition():
        assert time.monotonic() < deadline, rig.keeper.state
        rig.round()
        rig.until_successor_ends()
