"""Vector search in two stages: sketches choose the rows that are compared."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.protocols import Vector, VectorRows
from kb.search.engine.sketch_plan import SketchPlan, write_plan
from kb.search.engine.types import Row
from tests.search.two_stage import (
    ALONE,
    DIMENSION,
    EXACT_ROWS,
    FAN,
    ROWS,
    SETS,
    chunks,
    exact_index_of,
    fan,
    index_of,
    questions,
    recall,
    rows,
    texts,
)


@pytest.mark.parametrize("collections", SETS.values(), ids=SETS)
def test_at_each_selectivity_the_hits_are_those_of_exact_search(collections: frozenset[int] | None) -> None:
    index, exact = index_of(rows(texts(ROWS, 1))), exact_index_of(rows(texts(ROWS, 1)))
    assert (index.vector_search, exact.vector_search) == ("two-stage", "exact")
    assert recall(index, exact, collections) >= 0.99
    assert recall(index, exact, collections, limit=100) >= 0.98
    for vector in questions(3):
        found = index.search(vector, 10, collections)
        held, vectors = index.vectors([chunk for chunk, _ in found])
        assert dict(found) == pytest.approx(dict(zip(held, vectors @ vector, strict=True)), abs=1e-5)


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
