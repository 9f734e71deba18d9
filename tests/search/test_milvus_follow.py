"""The whole index with its vectors in Milvus, in step with a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pymilvus import MilvusClient

from kb.conf import load
from kb.exceptions import ConfigurationError
from kb.search.assembly import make_engine, make_unsearched_engine
from kb.search.engine.engine import SearchEngine
from kb.search.engine.errors import IndexWriteError, VectorsGoneError, VectorStoreDownError
from kb.search.engine.types import MilvusAddress
from kb.search.milvus import collection_name, milvus_address
from kb.search.models import IndexGeneration
from kb.search.snapshot import Snapshots
from kb.search.tail import Position, Tailer, is_in_log, rebuild
from tests.search.documents import DIMENSION, Delete, Publish
from tests.search.engine_parts import disk_full
from tests.search.milvus_server import MilvusServer

pytestmark = pytest.mark.django_db


class FirstAxis:
    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.tile(np.eye(DIMENSION, dtype=np.float32)[0], (len(texts), 1))


class Place:
    """Search servers' folders, and one Milvus for all of them."""

    def __init__(self, root: Path, address: MilvusAddress, generation: IndexGeneration) -> None:
        self.address = address
        self._root = root
        self._generation = generation
        self._engines = 0
        self.snapshots = Snapshots(root, generation.pk, generation.model_id, DIMENSION)

    def engine(self) -> SearchEngine:
        self._engines += 1
        folder = self._root / f"live-{self._engines}"
        return make_engine(FirstAxis(), DIMENSION, "cpu", folder, self.address)

    def tailer(self) -> Tailer:
        return Tailer(self.engine(), self._generation.pk, Position())

    def from_snapshot(self) -> Tailer:
        loaded = self.snapshots.load_newest(self.engine, partial(is_in_log, self._generation.pk))
        assert loaded is not None
        return Tailer(loaded[0], self._generation.pk, loaded[1])


@pytest.fixture
def place(tmp_path: Path, milvus: MilvusServer, generation: IndexGeneration) -> Place:
    return Place(tmp_path, milvus.new_address(), generation)


@pytest.fixture
def admin(milvus: MilvusServer) -> Iterator[MilvusClient]:
    client = MilvusClient(uri=milvus.uri, dedicated=True)
    yield client
    client.close()


@pytest.fixture
def own_milvus(tmp_path: Path) -> Iterator[MilvusServer]:
    """One that may be stopped; it runs again at the end."""
    server = MilvusServer(tmp_path / "milvus")
    yield server
    server.stop()


def hits(tailer: Tailer, query: str = "hotel") -> set[int]:
    return {hit.chunk_id for hit in tailer.engine.search(query, None, 10, 10).hits}


def test_documents_come_and_go(place: Place, publish: Publish, delete: Delete) -> None:
    """Case 34."""
    publish(["hotel", "train"])
    gone = publish(["hotel", "flight"])
    tailer = place.tailer()
    tailer.catch_up()
    assert hits(tailer) == tailer.engine.chunk_ids() and len(hits(tailer)) == 4
    delete(gone)
    tailer.catch_up()
    assert len(hits(tailer)) == len(tailer.engine.chunk_ids()) == 2


def test_two_servers_on_one_log_answer_alike_once_both_have_read_it(
    place: Place, publish: Publish, delete: Delete
) -> None:
    first, second = place.tailer(), place.tailer()
    gone = publish(["hotel", "train"])
    publish(["hotel"])
    first.catch_up()
    second.catch_up()
    shown = hits(second)
    delete(gone)
    publish(["hotel by the sea"])
    first.catch_up()
    assert hits(second) < shown  # behind: neither an error nor a chunk it has not shown
    second.catch_up()
    assert hits(first) == hits(second) == second.engine.chunk_ids() == first.engine.chunk_ids()


def test_a_crash_after_the_snapshot_costs_nothing(place: Place, publish: Publish, delete: Delete) -> None:
    """Case 37: what the dead process deleted in Milvus is in the snapshot still."""
    gone = publish(["hotel", "train"])
    publish(["hotel"])
    tailer = place.tailer()
    tailer.catch_up()
    place.snapshots.write(tailer.engine, tailer.position)
    delete(gone)
    publish(["hotel by the sea"])
    tailer.catch_up()
    again = place.from_snapshot()
    again.catch_up()
    assert hits(again) == hits(tailer) == again.engine.chunk_ids()


def test_a_dropped_collection_is_filled_again_from_the_database(
    place: Place, publish: Publish, admin: MilvusClient
) -> None:
    publish(["hotel", "train"])
    tailer = place.tailer()
    tailer.catch_up()
    place.snapshots.write(tailer.engine, tailer.position)
    expected = hits(tailer)
    admin.drop_collection(place.address.collection)
    with pytest.raises(VectorsGoneError):
        hits(tailer)
    with pytest.raises(VectorsGoneError):
        tailer.catch_up()
    again = place.from_snapshot()
    again.catch_up()
    assert hits(again) == expected == again.engine.chunk_ids()


def test_a_check_sees_a_vector_that_milvus_lost_and_the_next_round_mends_it(
    place: Place, publish: Publish, admin: MilvusClient
) -> None:
    publish(["hotel", "train"])
    tailer = place.tailer()
    tailer.catch_up()
    [planted, kept] = sorted(tailer.engine.chunk_ids())
    admin.delete(place.address.collection, ids=[planted])
    assert tailer.engine.chunk_ids() == {kept}
    assert hits(tailer) == {kept}  # "hotel" is in the one that is lost: the words point to it
    assert tailer.catch_up() == 0
    assert tailer.engine.chunk_ids() == hits(tailer) == {planted, kept}


def test_a_rebuild_overwrites_what_an_earlier_database_left(
    place: Place, publish: Publish, generation: IndexGeneration, admin: MilvusClient
) -> None:
    """Case 40: the same numbers, other vectors."""
    document = publish(["hotel", "train"])
    chunks = sorted(document.chunks.values_list("pk", flat=True))
    tailer = place.tailer()
    foreign = [
        {"chunk": chunk, "document": document.pk, "collection": 1, "checksum": 0, "vector": [0, 0, 0, 1.0]}
        for chunk in chunks
    ]
    admin.upsert(place.address.collection, foreign)
    rebuild(tailer.engine, generation.pk)
    cosines = {hit.chunk_id: hit.cosine for hit in tailer.engine.search("hotel", None, 10, 10).hits}
    assert cosines == {chunks[0]: 1.0, chunks[1]: 0.0}


def test_nothing_is_lost_while_milvus_is_away(
    tmp_path: Path, own_milvus: MilvusServer, generation: IndexGeneration, publish: Publish
) -> None:
    place = Place(tmp_path, own_milvus.new_address(), generation)
    publish(["hotel"])
    tailer = place.tailer()
    tailer.catch_up()
    before, position = hits(tailer), tailer.position
    place.snapshots.write(tailer.engine, position)
    own_milvus.stop()
    try:
        publish(["hotel by the sea"])
        for refused in (partial(hits, tailer), tailer.catch_up, place.from_snapshot, place.engine):
            with pytest.raises(VectorStoreDownError) as error:
                refused()
            assert error.value.http_status == 503
        assert (tailer.position, tailer.engine.count) == (position, 1)
        assert "Milvus" in tailer.engine.trouble
    finally:
        own_milvus.start()
    tailer.catch_up()
    assert len(hits(tailer)) == 2 and before < hits(tailer)
    assert not (tmp_path / "quarantine").exists()  # that it was away says nothing about the snapshot
    again = place.from_snapshot()
    again.catch_up()
    assert hits(again) == hits(tailer)


def test_a_change_that_stopped_half_way_is_made_again(place: Place, publish: Publish) -> None:
    """Case 37: the words cannot be written after the vectors were."""
    publish(["hotel"])
    tailer = place.tailer()
    tailer.catch_up()
    before = hits(tailer)
    publish(["hotel by the sea"])
    with disk_full(), pytest.raises(IndexWriteError):
        tailer.catch_up()
    assert hits(tailer) == before
    tailer.catch_up()
    assert len(hits(tailer)) == 2


def test_only_milvus_with_an_address_is_accepted(generation: IndexGeneration) -> None:
    assert milvus_address(load({}), generation.model_id) is None
    for uri in ("", "milvus.db", "127.0.0.1:19530", "ftp://host", "http://"):
        with pytest.raises(ConfigurationError, match="KB_MILVUS_URI"):
            milvus_address(load({"KB_VECTOR_INDEX": "milvus", "KB_MILVUS_URI": uri}), generation.model_id)


def test_generations_and_databases_do_not_share_a_collection(generation: IndexGeneration) -> None:
    other = IndexGeneration(pk=generation.pk + 1, model_id="other@1", created_at=generation.created_at)
    elsewhere = IndexGeneration(pk=generation.pk, model_id=generation.model_id)
    elsewhere.created_at = generation.created_at.replace(year=2001)
    names = {collection_name(each) for each in (generation, other, elsewhere)}
    assert len(names) == 3
    assert collection_name(IndexGeneration.objects.get()) in names


def test_the_check_command_looks_into_milvus(
    milvus: MilvusServer, generation: IndexGeneration, tmp_path: Path
) -> None:
    config = load({"KB_VECTOR_INDEX": "milvus", "KB_MILVUS_URI": milvus.uri})
    make: Callable[[], SearchEngine] = partial(
        make_unsearched_engine, config, generation.model_id, DIMENSION, tmp_path
    )
    assert make().device == "milvus"
