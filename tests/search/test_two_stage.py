"""Vector search in two stages: sketches choose the rows that are compared."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.errors import DamagedIndexError
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.protocols import Vector, VectorRows
from kb.search.engine.sketch_plan import SketchPlan, read_plan, write_plan
from kb.search.engine.sketches import KINDS, CountedSketches, means
from kb.search.engine.types import Row

DIMENSION = 256
ROWS = 6000
FAN = 20_000
EXACT_ROWS = 300
# A tenth of the documents is in each of ten collections, one document alone in another.
ALONE = 77
SETS = {
    "100 %": None,
    "50 %": frozenset(range(5)),
    "10 %": frozenset({7}),
    "one document": frozenset({ALONE}),
}

Halves = npt.NDArray[np.float16]


def texts(count: int, seed: int, noise: float = 0.05) -> Halves:
    """Normalised; each a mixture of a few of thirty topics, as real texts are, and some noise."""
    topics = np.random.default_rng(0).standard_normal((30, DIMENSION))
    rng = np.random.default_rng(seed)
    weights = rng.gamma(0.2, size=(count, 30))
    vectors = weights @ topics / weights.sum(axis=1, keepdims=True) + noise * rng.standard_normal(
        (count, DIMENSION)
    )
    halves: Halves = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f2")
    return halves


def fan(count: int) -> Halves:
    """Normalised, in two dimensions of many: sketches can tell four quarters apart, and no more."""
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, count)
    vectors = np.zeros((count, DIMENSION), "<f2")
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    return vectors


def rows(vectors: Halves, first: int = 0) -> VectorRows:
    """Documents of four chunks, their collections mixed."""
    chunks = np.arange(first, first + len(vectors))
    documents = chunks // 4
    collections = np.where(documents == 5, ALONE, documents * 7 % 10)
    return VectorRows(np.stack([chunks, documents, collections], axis=1).astype(np.int64), vectors)


def questions(count: int = 25) -> Vector:
    vectors: Vector = texts(count, seed=99).astype(np.float32)
    return vectors


def index_of(*parts: VectorRows, exact_rows: int = EXACT_ROWS) -> DenseIndex:
    index = DenseIndex(DIMENSION, exact_rows)
    for part in parts:
        index.add(part)
    return index.compacted() if index.needs_compaction else index


def exact_index_of(*parts: VectorRows) -> DenseIndex:
    return index_of(*parts, exact_rows=10**9)


def chunks(index: DenseIndex, vector: Vector, limit: int, collections: frozenset[int] | None) -> list[int]:
    return [chunk for chunk, _ in index.search(vector, limit, collections)]


def recall(
    index: DenseIndex, exact: DenseIndex, collections: frozenset[int] | None, limit: int = 10
) -> float:
    shares = []
    for vector in questions():
        right = chunks(exact, vector, limit, collections)
        shares.append(len({*right} & {*chunks(index, vector, limit, collections)}) / len(right))
    return float(np.mean(shares))


@pytest.mark.parametrize("collections", SETS.values(), ids=SETS)
def test_at_each_selectivity_the_hits_are_those_of_exact_search(collections: frozenset[int] | None) -> None:
    index, exact = index_of(rows(texts(ROWS, 1))), exact_index_of(rows(texts(ROWS, 1)))
    assert (index.vector_search, exact.vector_search) == ("two-stage", "exact")
    assert recall(index, exact, collections) >= 0.99
    assert recall(index, exact, collections, limit=100) >= 0.98
    for vector in questions(3):
        found = index.search(vector, 10, collections)
        assert dict(found) == pytest.approx(index.cosines(vector, [chunk for chunk, _ in found]), abs=1e-5)


def misled(tmp_path: Path) -> DenseIndex:
    """An index whose sketches are all alike, as those of none are that measured them."""
    index_of(rows(texts(ROWS, 1))).save(tmp_path)
    write_plan(tmp_path, SketchPlan("counted", np.full(DIMENSION, -9, np.float32), 1, 1.0, 1.0, ROWS))
    index = DenseIndex(DIMENSION, EXACT_ROWS)
    index.load(tmp_path)
    return index


def test_few_allowed_rows_are_all_compared_and_many_are_not(tmp_path: Path) -> None:
    index, exact = misled(tmp_path), exact_index_of(rows(texts(ROWS, 1)))
    assert recall(index, exact, None) < 0.9
    assert recall(index, exact, frozenset({7})) < 1
    assert recall(index, exact, frozenset({ALONE})) == 1


def test_wanting_nearly_all_rows_compares_all(tmp_path: Path) -> None:
    index, exact = misled(tmp_path), exact_index_of(rows(texts(ROWS, 1)))
    [vector] = questions(1)
    assert chunks(index, vector, 700, None) == chunks(exact, vector, 700, None)


def test_of_equal_vectors_the_smallest_ids_are_found_although_more_are_equal_than_compared() -> None:
    """Boilerplate: where its copies happen to lie must not decide which of them are hits."""
    copies = rows(np.tile(texts(1, 5), (2000, 1)), first=ROWS)
    backwards = VectorRows(copies.ids[::-1], copies.vectors)
    index = index_of(rows(texts(ROWS, 1)), backwards)
    assert index.vector_search == "two-stage"
    question = texts(1, 5)[0].astype(np.float32)
    assert chunks(index, question, 5, None) == [*range(ROWS, ROWS + 5)]


def test_changes_are_found_at_once_and_after_compaction() -> None:
    index = index_of(rows(texts(ROWS, 1)))
    fresh = rows(texts(400, 2), first=ROWS)
    replaced = rows(texts(40, 3), first=800)  # the same chunks with other vectors
    left = rows(texts(ROWS, 1))
    gone = {*range(200, 210), *range(600, 900)}
    index.add(fresh)
    index.remove_documents(gone)
    index.add(replaced)
    kept = ~np.isin(left.ids[:, 1], [*gone])
    exact = exact_index_of(VectorRows(left.ids[kept], left.vectors[kept]), fresh, replaced)
    assert not index.needs_compaction
    for each in (index, index.compacted()):
        assert each.vector_search == "two-stage"
        assert sorted(each.chunks().tolist()) == sorted(exact.chunks().tolist())
        for collections in SETS.values():
            assert recall(each, exact, collections) >= 0.99
        own = fresh.vectors[0].astype(np.float32)
        assert chunks(each, own, 1, None) == [ROWS]
        assert not {*chunks(each, own, 1000, None)} & {*range(2400, 3600)}


def test_an_index_that_has_grown_is_measured_and_not_again_before_it_has_doubled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "kb.search")
    index = DenseIndex(DIMENSION, EXACT_ROWS)
    index.add(rows(texts(EXACT_ROWS, 1)))
    assert not index.needs_compaction
    index.add(rows(texts(ROWS - EXACT_ROWS, 2), first=EXACT_ROWS))
    assert index.needs_compaction
    index = index.compacted()
    assert "recall@10" in caplog.text
    caplog.clear()
    assert not index.needs_compaction
    assert not index.compacted().needs_compaction
    assert caplog.text == ""
    index.add(rows(texts(ROWS + 1, 3), first=ROWS))
    assert index.compacted().vector_search == "two-stage"
    assert f"{2 * ROWS + 1} chunks" in caplog.text


def test_rows_of_mixed_collections_are_put_in_order() -> None:
    index = index_of(rows(texts(ROWS, 1)))
    assert not index.needs_compaction
    index.add(rows(texts(ROWS // 2, 2), first=ROWS))
    assert index.needs_compaction
    assert not index.compacted().needs_compaction


def test_where_sketches_miss_too_much_all_rows_are_compared(caplog: pytest.LogCaptureFixture) -> None:
    index, exact = index_of(rows(fan(FAN))), exact_index_of(rows(fan(FAN)))
    assert index.vector_search.startswith("exact, because two-stage search found")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert index.vector_search in caplog.text
    assert not index.needs_compaction
    question = fan(1)[0].astype(np.float32)
    assert index.search(question, 50, None) == exact.search(question, 50, None)


@pytest.mark.parametrize("vectors", [lambda: texts(ROWS, 1), lambda: fan(FAN)], ids=["accepted", "refused"])
def test_what_was_measured_is_saved_and_loaded(
    vectors: Callable[[], Halves], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved = index_of(rows(vectors()))
    saved.save(tmp_path)
    caplog.clear()
    loaded = DenseIndex(DIMENSION, EXACT_ROWS)
    loaded.load(tmp_path)
    assert loaded.vector_search == saved.vector_search
    assert not loaded.needs_compaction
    assert caplog.text == ""
    for vector in questions():
        for collections in SETS.values():
            found, expected = (each.search(vector, 20, collections) for each in (loaded, saved))
            assert [chunk for chunk, _ in found] == [chunk for chunk, _ in expected]


def test_a_saved_index_that_was_never_measured_is_measured_as_it_loads(tmp_path: Path) -> None:
    exact_index_of(rows(texts(ROWS, 1))).save(tmp_path)
    assert read_plan(tmp_path, DIMENSION) is None
    index = DenseIndex(DIMENSION, EXACT_ROWS)
    index.load(tmp_path)
    assert index.vector_search == "two-stage"


def test_a_small_index_ignores_a_saved_plan(tmp_path: Path) -> None:
    index_of(rows(texts(ROWS, 1))).save(tmp_path)
    index = DenseIndex(DIMENSION, ROWS)
    index.load(tmp_path)
    assert index.vector_search == "exact"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: json.dumps({**json.loads(text), "more": 1}),
        lambda text: json.dumps({**json.loads(text), "kind": "none"}),
        lambda text: json.dumps({**json.loads(text), "means": [0.0]}),
        lambda text: json.dumps({**json.loads(text), "means": ["x"] * DIMENSION}),
    ],
)
def test_a_damaged_plan_is_refused_and_nothing_is_kept(damage: Callable[[str], str], tmp_path: Path) -> None:
    """Case 36."""
    index_of(rows(texts(ROWS, 1))).save(tmp_path)
    file = tmp_path / "two_stage.json"
    file.write_text(damage(file.read_text()))
    index = DenseIndex(DIMENSION, EXACT_ROWS)
    with pytest.raises(DamagedIndexError):
        index.load(tmp_path)
    assert len(index) == 0


def test_sketches_of_a_dimension_that_fills_no_byte() -> None:
    vectors = texts(200, 1)[:, :13]
    sketches = CountedSketches(np.zeros(13, np.float32))
    sketches.add(vectors)
    assert len(sketches) == 200
    differing = np.count_nonzero((vectors > 0) != (vectors[9] > 0), axis=1)
    nearest = sketches.nearest(vectors[9].astype(np.float32), 50)
    assert nearest[0] == np.flatnonzero(differing == 0)[0]
    assert differing[nearest].tolist() == sorted(differing)[:50]


@pytest.mark.parametrize("dimension", [DIMENSION, 13])
def test_estimates_are_finer_than_counts(dimension: int) -> None:
    vectors = texts(ROWS, 1)[:, :dimension]
    found = {}
    for kind, make in KINDS.items():
        sketches = make(means(vectors))
        sketches.add(vectors)
        assert len(sketches) == ROWS
        shares = []
        for question in questions()[:, :dimension]:
            right = np.argsort(-(vectors.astype(np.float32) @ question))[:100]
            shares.append(len({*right.tolist()} & {*sketches.nearest(question, 100).tolist()}) / 100)
        found[kind] = np.mean(shares)
    assert found["estimated"] > found["counted"] + 0.05


def test_finer_sketches_serve_where_counting_misses_too_much(tmp_path: Path) -> None:
    everything = rows(texts(FAN, 1, noise=0.2))
    index, exact = index_of(everything), exact_index_of(everything)
    assert index.vector_search == "two-stage"
    index.save(tmp_path)
    plan = read_plan(tmp_path, DIMENSION)
    assert plan is not None
    assert plan.kind == "estimated"
    loaded = DenseIndex(DIMENSION, EXACT_ROWS)
    loaded.load(tmp_path)
    for collections in SETS.values():
        assert recall(index, exact, collections) >= 0.98
        for vector in questions(3):
            hits = index.search(vector, 10, collections)
            assert loaded.search(vector, 10, collections) == hits
            allowed = {chunk for chunk, _ in exact.search(vector, FAN, collections)}
            assert {chunk for chunk, _ in hits} <= allowed


class TopicEncoder:
    """The question is the number of a vector."""

    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        return questions()[[int(text) for text in texts]]


def test_a_committed_engine_searches_in_two_stages_and_says_so(tmp_path: Path) -> None:
    vectors = texts(ROWS, 1)
    engines = []
    for exact_rows in (EXACT_ROWS, 10**9):
        lexical = LexicalIndex(tmp_path / str(exact_rows))
        engine = SearchEngine(TopicEncoder(), DenseIndex(DIMENSION, exact_rows), lexical)
        assert engine.vector_search == "exact"
        for document in range(ROWS // 20):
            own = range(20 * document, 20 * document + 20)
            stored = [Row(chunk, vectors[chunk].tobytes(), "", "", "") for chunk in own]
            engine.replace_document(document, document % 2, stored)
        engine.commit()
        engines.append(engine)
    two_stage, exact = engines
    assert (two_stage.vector_search, exact.vector_search) == ("two-stage", "exact")
    same = [
        {hit.chunk_id for hit in two_stage.search(str(number), None, 10, 10).hits}
        == {hit.chunk_id for hit in exact.search(str(number), None, 10, 10).hits}
        for number in range(25)
    ]
    assert sum(same) >= 24
