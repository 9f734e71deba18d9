"""What every vector index promises, held by each of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.search.engine.dense import DenseIndex
from kb.search.engine.dense_gpu import GpuIndex
from kb.search.engine.errors import DamagedIndexError
from kb.search.engine.protocols import VectorIndex, VectorRows
from tests.search.corpus import Corpus, assert_same, questions
from tests.search.engine_parts import DIMENSION, topics, vector_rows
from tests.search.milvus_server import MilvusServer

NewIndex = Callable[[], VectorIndex]


def new_gpu_index() -> GpuIndex:
    """All of it but the kernels: the flat indexes lie in main memory."""
    return GpuIndex(DIMENSION, faiss.IndexFlatIP)


IN_MEMORY: dict[str, NewIndex] = {"cpu": lambda: DenseIndex(DIMENSION), "gpu": new_gpu_index}


@pytest.fixture(params=IN_MEMORY)
def in_memory(request: pytest.FixtureRequest) -> NewIndex:
    return IN_MEMORY[request.param]


@pytest.fixture(params=[*IN_MEMORY, "milvus"])
def new_index(request: pytest.FixtureRequest) -> NewIndex:
    if request.param == "milvus":
        server: MilvusServer = request.getfixturevalue("milvus")
        return server.new_index
    return IN_MEMORY[request.param]


@pytest.fixture
def corpus() -> Corpus:
    return Corpus.of(300)


SETS = [None, frozenset({3}), frozenset({0, 9}), frozenset(range(5)), frozenset(range(20))]


@pytest.mark.parametrize("collections", SETS)
def test_search_finds_what_comparing_with_every_allowed_vector_finds(
    new_index: NewIndex, corpus: Corpus, collections: frozenset[int] | None
) -> None:
    index = new_index()
    index.add(corpus.rows())
    corpus.removed = {4, 40, 41, 99}
    index.remove_documents(corpus.removed)
    for vector in questions():
        assert_same(index.search(vector, 20, collections), corpus.nearest(vector, 20, collections))


def test_a_hit_outside_the_allowed_collections_is_never_filled_in(
    new_index: NewIndex, corpus: Corpus
) -> None:
    """Case 3."""
    index = new_index()
    index.add(corpus.rows())
    [vector] = questions(1)
    assert len(index.search(vector, 200, frozenset({2}))) == 30
    assert index.search(vector, 200, frozenset({77})) == []
    assert index.search(vector, 200, frozenset()) == []


def test_empty_index_and_no_hits_wanted_are_no_errors(new_index: NewIndex, corpus: Corpus) -> None:
    index = new_index()
    [vector] = questions(1)
    assert index.search(vector, 5, None) == []
    held, vectors = index.vectors([1])
    assert held == [] and vectors.shape == (0, index.dimension)
    index.remove_documents([1])
    index.add(corpus.rows())
    assert index.search(vector, 0, None) == []


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_vectors_the_smallest_ids_are_found(new_index: NewIndex, order: int) -> None:
    """Boilerplate: where its copies happen to lie must not decide which of them are hits."""
    index = new_index()
    near, far = topics(np.random.default_rng(1), 2)
    copies = [(number, number, number % 2) for number in range(100, 200)][::order]
    index.add(vector_rows(copies, np.tile(near, (100, 1))))
    index.add(vector_rows([(1, 1, 0)], far[np.newaxis]))
    question = near.astype(np.float32)
    assert [chunk for chunk, _ in index.search(question, 3, None)] == [100, 101, 102]
    assert [chunk for chunk, _ in index.search(question, 3, frozenset({1}))] == [101, 103, 105]
    assert [chunk for chunk, _ in index.search(question, 101, None)] == [*range(100, 200), 1]


def test_a_remembered_filter_notices_changes(new_index: NewIndex, corpus: Corpus) -> None:
    index = new_index()
    [vector] = questions(1)
    index.add(corpus.rows())
    before = index.search(vector, 100, frozenset({1}))
    index.add(vector_rows([(5000, 5000, 1)], vector[np.newaxis].astype("<f2")))
    assert index.search(vector, 100, frozenset({1}))[0][0] == 5000
    index.remove_documents([5000])
    assert index.search(vector, 100, frozenset({1})) == before


def test_more_sets_of_collections_than_are_remembered(in_memory: NewIndex, corpus: Corpus) -> None:
    index = in_memory()
    index.add(corpus.rows())
    [vector] = questions(1)
    for number in range(600):
        allowed = frozenset({number % 10, 100 + number})
        assert_same(index.search(vector, 5, allowed), corpus.nearest(vector, 5, allowed))


def test_vectors_are_those_that_are_searched(new_index: NewIndex, corpus: Corpus) -> None:
    index = new_index()
    index.add(corpus.rows())
    index.remove_documents([0])
    [vector] = questions(1)
    asked = [int(chunk) for chunk in corpus.ids[:9, 0]] + [-5, 123456]
    expected = {chunk: cosine for chunk, cosine in index.search(vector, 300, None) if chunk in asked}
    assert len(expected) == 6
    held, vectors = index.vectors(asked)
    assert held == [chunk for chunk in asked if chunk in expected]
    assert vectors.dtype == np.float32
    assert dict(zip(held, vectors @ vector, strict=True)) == pytest.approx(expected, abs=1e-5)
    assert index.vectors(held[::-1])[0] == held[::-1]


def test_compaction_is_due_after_a_quarter(in_memory: NewIndex, corpus: Corpus) -> None:
    index = in_memory()
    index.add(corpus.rows())
    index.remove_documents(range(25))
    assert not index.needs_compaction
    index.remove_documents([25])
    assert index.needs_compaction


def test_compaction_changes_no_result(new_index: NewIndex, corpus: Corpus) -> None:
    index = new_index()
    index.add(corpus.rows())
    assert not index.needs_compaction
    corpus.removed = set(range(26))
    index.remove_documents(corpus.removed)
    assert index.needs_compaction
    compacted = index.compacted()
    assert not compacted.needs_compaction
    assert len(compacted) == len(index) == 222
    for vector in questions():
        assert_same(
            compacted.search(vector, 20, frozenset({2, 3})), corpus.nearest(vector, 20, frozenset({2, 3}))
        )


steps = st.lists(
    st.one_of(
        st.tuples(st.just("replace"), st.integers(0, 5), st.integers(0, 4)),
        st.tuples(st.just("remove"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("compact"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_history_leads_to_the_index_of_what_is_left(
    in_memory: NewIndex, steps: list[tuple[str, int, int]]
) -> None:
    live_through(in_memory(), steps)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_history_leads_there_in_milvus(milvus: MilvusServer, steps: list[tuple[str, int, int]]) -> None:
    live_through(milvus.new_index(), steps)


def live_through(index: VectorIndex, steps: list[tuple[str, int, int]]) -> None:
    left: dict[int, dict[int, npt.NDArray[np.float16]]] = {}
    rng = np.random.default_rng(0)
    for action, document, count in steps:
        if action == "compact":
            index = index.compacted()
            continue
        index.remove_documents([document])
        left.pop(document, None)
        if action == "replace":
            ids = [(document * 10 + number, document, document % 2) for number in range(count)]
            vectors = topics(rng, count)
            index.add(vector_rows(ids, vectors))
            left[document] = {chunk: vector for (chunk, _, _), vector in zip(ids, vectors, strict=True)}
    [question] = questions(1)
    chunks = {chunk: vector for each in left.values() for chunk, vector in each.items()}
    assert sorted(index.chunks()[:, 0].tolist()) == sorted(chunks)
    assert len(index) == len(chunks)
    expected = {chunk: float(vector.astype(np.float32) @ question) for chunk, vector in chunks.items()}
    assert dict(index.search(question, 100, None)) == pytest.approx(expected, abs=1e-5)
    odd = {chunk: cosine for chunk, cosine in expected.items() if chunk // 10 % 2}
    assert dict(index.search(question, 100, frozenset({1}))) == pytest.approx(odd, abs=1e-5)


@pytest.mark.parametrize("saved", IN_MEMORY)
def test_saved_vectors_are_read_by_every_kind(
    saved: str, new_index: NewIndex, corpus: Corpus, tmp_path: Path
) -> None:
    index = IN_MEMORY[saved]()
    index.add(corpus.rows())
    corpus.removed = {1, 2, 3}
    index.remove_documents(corpus.removed)
    index.save(tmp_path)
    other = new_index()
    other.add(vector_rows([(1, 1, 1)], topics(np.random.default_rng(2), 1)))
    other.load(tmp_path)
    assert len(other) == 291
    for vector in questions():
        assert_same(other.search(vector, 9, frozenset({0, 7})), corpus.nearest(vector, 9, frozenset({0, 7})))


def test_an_empty_index_can_be_saved(new_index: NewIndex, tmp_path: Path) -> None:
    new_index().save(tmp_path)
    loaded = new_index()
    loaded.load(tmp_path)
    assert len(loaded) == 0


def test_equal_contents_are_saved_as_equal_bytes(new_index: NewIndex, corpus: Corpus, tmp_path: Path) -> None:
    one, other = new_index(), new_index()
    one.add(corpus.rows())
    other.add(VectorRows(corpus.ids[::-1], np.ascontiguousarray(corpus.vectors[::-1])))
    other.remove_documents([8])
    other.add(VectorRows(corpus.ids[24:27], corpus.vectors[24:27]))
    contents = []
    for name, index in (("one", one), ("other", other)):
        (tmp_path / name).mkdir()
        index.save(tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("vectors.npy", Path.unlink),
        ("ids.npy", Path.unlink),
        ("vectors.npy", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("ids.npy", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("vectors.npy", lambda path: path.write_bytes(b"")),
        ("ids.npy", lambda path: np.save(path, np.zeros((300, 3), np.int64))),
        ("ids.npy", lambda path: np.save(path, np.arange(900, dtype=np.int64))),
        ("ids.npy", lambda path: np.save(path, np.load(path)[:-1])),
        ("vectors.npy", lambda path: np.save(path, np.load(path).astype(np.float32))),
        ("vectors.npy", lambda path: np.save(path, np.load(path)[:, :8])),
    ],
)
def test_damaged_files_are_refused_and_nothing_of_them_is_kept(
    new_index: NewIndex, corpus: Corpus, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    """Case 36."""
    saved = DenseIndex(DIMENSION)
    saved.add(corpus.rows())
    saved.save(tmp_path)
    damage(tmp_path / name)
    index = new_index()
    with pytest.raises(DamagedIndexError):
        index.load(tmp_path)
    assert len(index) == 0
    assert index.search(questions(1)[0], 5, None) == []
