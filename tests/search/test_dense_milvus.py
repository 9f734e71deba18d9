"""What is special to vectors in Milvus: others write there too, and it may be away or empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pymilvus import DataType, MilvusClient

from kb.exceptions import ConfigurationError
from kb.search.engine.dense import DenseIndex
from kb.search.engine.dense_milvus import MilvusIndex
from kb.search.engine.errors import DamagedIndexError, VectorsGoneError, VectorStoreDownError
from kb.search.engine.milvus_store import MilvusStore
from kb.search.engine.protocols import VectorRows
from kb.search.engine.types import MilvusAddress
from tests.search.engine_parts import DIMENSION, topics, vector_rows
from tests.search.milvus_server import MilvusServer, open_index

VECTORS = topics(np.random.default_rng(11), 40)


@pytest.fixture
def address(milvus: MilvusServer) -> MilvusAddress:
    return milvus.new_address()


@pytest.fixture
def index(address: MilvusAddress) -> MilvusIndex:
    return open_index(address)


@pytest.fixture
def admin(address: MilvusAddress) -> Iterator[MilvusClient]:
    """Somebody else with access to the same Milvus."""
    client = MilvusClient(uri=address.uri, dedicated=True)
    yield client
    client.close()


def question() -> npt.NDArray[np.float32]:
    vector: npt.NDArray[np.float32] = topics(np.random.default_rng(12), 1)[0].astype(np.float32)
    return vector


def document(number: int, chunks: int = 3, first: int | None = None) -> VectorRows:
    """Chunks 10n to 10n+2 of document n."""
    start = 10 * number if first is None else first
    ids = [(start + place, number, number % 2) for place in range(chunks)]
    return vector_rows(ids, VECTORS[[chunk % 40 for chunk, _, _ in ids]])


def found(index: MilvusIndex) -> set[int]:
    return {chunk for chunk, _ in index.search(question(), 100, None)}


def stored(admin: MilvusClient, address: MilvusAddress) -> set[int]:
    return {
        row["chunk"] for row in admin.query(address.collection, filter="chunk >= 0", output_fields=["chunk"])
    }


def test_two_followers_at_different_places_each_find_their_own(
    index: MilvusIndex, address: MilvusAddress
) -> None:
    """Case 33."""
    behind = open_index(address)
    for each in (index, behind):
        each.add(document(1))
        each.add(document(2))
    index.remove_documents([1])
    index.compacted()
    index.add(document(3, chunks=5))
    assert found(index) == {20, 21, 22, 30, 31, 32, 33, 34}
    assert found(behind) == {20, 21, 22}
    behind.remove_documents([1])
    behind.compacted()
    behind.add(document(3, chunks=5))
    assert behind.search(question(), 100, None) == index.search(question(), 100, None)


def test_rows_of_others_do_not_crowd_out_hits(index: MilvusIndex, address: MilvusAddress) -> None:
    ahead = open_index(address)
    near = question().astype("<f2")
    ahead.add(vector_rows([(1000 + n, 99, 1) for n in range(60)], np.tile(near, (60, 1))))
    index.add(document(1))
    index.add(document(3))
    assert len(index.search(question(), 4, frozenset({1}))) == 4


def test_a_row_that_is_there_is_not_written_again(index: MilvusIndex, address: MilvusAddress) -> None:
    index.add(document(1))
    counting = CountingStore(address, DIMENSION)
    second = MilvusIndex(DIMENSION, counting)
    second.add(document(1))
    assert counting.written == []
    changed = document(1)
    second.remove_documents([1])
    second.add(VectorRows(changed.ids, np.roll(changed.vectors, 1, axis=0)))
    assert counting.written == [10, 11, 12]


class CountingStore(MilvusStore):
    def __init__(self, address: MilvusAddress, dimension: int) -> None:
        super().__init__(address, dimension)
        self.written: list[int] = []

    def put(self, ids: npt.NDArray[np.int64], checksums: object, vectors: npt.NDArray[np.float32]) -> None:
        self.written += ids[:, 0].tolist()
        super().put(ids, checksums, vectors)  # type: ignore[arg-type]


def test_prepared_rows_are_not_found_before_they_are_added(index: MilvusIndex) -> None:
    index.add(document(2))
    rows = document(1)
    index.prepare(rows)
    assert found(index) == {20, 21, 22}
    index.add(rows)
    assert found(index) == {10, 11, 12, 20, 21, 22}


def test_what_was_removed_leaves_milvus_but_what_came_back_stays(
    index: MilvusIndex, admin: MilvusClient, address: MilvusAddress
) -> None:
    index.add(document(1))
    index.add(document(2))
    index.remove_documents([1, 2])
    index.add(document(2, chunks=2))
    assert index.needs_compaction
    index = index.compacted()
    assert not index.needs_compaction
    assert stored(admin, address) == found(index) == {20, 21}


def test_a_saved_index_goes_on_with_the_same_collection(
    index: MilvusIndex, address: MilvusAddress, tmp_path: Path
) -> None:
    index.add(document(1))
    index.add(document(2))
    index.save(tmp_path)
    again = open_index(address)
    again.load(tmp_path)
    assert (len(again), again.lost_documents()) == (6, set())
    assert again.search(question(), 9, None) == index.search(question(), 9, None)


def test_saved_ids_without_vectors_are_refused_by_faiss(index: MilvusIndex, tmp_path: Path) -> None:
    index.add(document(1))
    index.save(tmp_path)
    with pytest.raises(DamagedIndexError, match="another store"):
        DenseIndex(DIMENSION).load(tmp_path)


@pytest.mark.parametrize(
    "contents",
    [b"", b"nothing like numpy", np.zeros((3, 2), np.int64), np.arange(9).reshape(3, 3), np.zeros((3, 2))],
)
def test_damaged_ids_are_refused(
    index: MilvusIndex, tmp_path: Path, contents: bytes | npt.NDArray[np.int64]
) -> None:
    """Case 36."""
    index.add(document(1))
    if isinstance(contents, bytes):
        (tmp_path / "chunks.npy").write_bytes(contents)
    else:
        np.save(tmp_path / "chunks.npy", contents)
    with pytest.raises(DamagedIndexError):
        index.load(tmp_path)
    assert (len(index), found(index)) == (0, set())


def test_vectors_lost_by_milvus_are_noticed_when_loading(
    index: MilvusIndex, admin: MilvusClient, address: MilvusAddress, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        index.add(document(number))
    index.save(tmp_path)
    admin.delete(address.collection, ids=[21])
    again = open_index(address)
    again.load(tmp_path)
    assert again.missing_chunks() == {21}
    assert again.lost_documents() == {2}
    again.remove_documents([2])
    again.add(document(2))
    assert (again.lost_documents(), again.missing_chunks()) == (set(), set())
    assert found(again) == {10, 11, 12, 20, 21, 22, 30, 31, 32}


def test_a_vector_lost_while_serving_is_noticed_by_the_search_that_misses_it(
    index: MilvusIndex, admin: MilvusClient, address: MilvusAddress
) -> None:
    index.add(document(1))
    index.add(document(2))
    admin.delete(address.collection, ids=[21])
    assert index.lost_documents() == set()
    assert index.vectors([20, 21, 77])[0] == [20]
    assert index.lost_documents() == {2}
    index.remove_documents([2])
    assert index.lost_documents() == set()


def test_remnants_are_deleted_when_loading_but_not_what_another_server_just_wrote(
    index: MilvusIndex, admin: MilvusClient, address: MilvusAddress, tmp_path: Path
) -> None:
    index.add(document(1))
    index.add(document(3))
    index.save(tmp_path)
    index.add(document(2))
    index.add(document(4))
    open_index(address).load(tmp_path)
    assert stored(admin, address) == {10, 11, 12, 30, 31, 32, 40, 41, 42}


def test_a_dropped_collection_is_told_from_a_milvus_that_is_away(
    index: MilvusIndex, admin: MilvusClient, address: MilvusAddress, tmp_path: Path
) -> None:
    index.add(document(1))
    index.add(document(2))
    index.save(tmp_path)
    admin.drop_collection(address.collection)
    for _ in range(2):
        with pytest.raises(VectorsGoneError):
            index.search(question(), 5, None)
    with pytest.raises(VectorsGoneError):
        index.lost_documents()
    again = open_index(address)
    again.load(tmp_path)
    assert again.lost_documents() == {1, 2}
    again.remove_documents([1, 2])
    again.add(document(1))
    assert found(again) == {10, 11, 12}


def test_a_collection_that_is_not_ours_is_left_alone(admin: MilvusClient, address: MilvusAddress) -> None:
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIMENSION)
    admin.create_collection(address.collection, schema=schema)
    admin.insert(address.collection, [{"id": 1, "vector": question()}])
    with pytest.raises(ConfigurationError, match=address.collection):
        open_index(address)
    assert admin.get_collection_stats(address.collection)["row_count"] == 1


def test_vectors_of_another_dimension_are_left_alone(index: MilvusIndex, address: MilvusAddress) -> None:
    with pytest.raises(ConfigurationError, match=address.collection):
        MilvusStore(address, DIMENSION + 1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_milvus_that_went_away_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    """Case 40."""
    server, clock = MilvusServer(tmp_path / "milvus"), Clock()
    try:
        index = MilvusIndex(DIMENSION, MilvusStore(server.new_address(), DIMENSION, clock))
        index.add(document(1))
        before = index.search(question(), 5, None)
        server.stop()
        with pytest.raises(VectorStoreDownError):
            index.search(question(), 5, None)
        assert "Milvus" in index.trouble
        for change in (lambda: index.prepare(document(2)), index.lost_documents):
            with pytest.raises(VectorStoreDownError):
                change()
        assert len(index) == 3
        server.start()
        with pytest.raises(VectorStoreDownError):
            index.search(question(), 5, None)  # it is given a moment
        clock.now += 2
        assert index.lost_documents() == set()
        assert index.search(question(), 5, None) == before
        assert index.trouble == ""
        index.add(document(2))
        assert found(index) == {10, 11, 12, 20, 21, 22}
    finally:
        server.stop()


def test_a_milvus_that_is_away_at_the_start_is_an_error_that_says_so(tmp_path: Path) -> None:
    server = MilvusServer(tmp_path / "milvus")
    address = server.new_address()
    server.stop()
    with pytest.raises(VectorStoreDownError, match="Milvus"):
        open_index(address)
