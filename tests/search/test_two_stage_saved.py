"""What two-stage search measured is saved with the index."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.errors import DamagedIndexError
from kb.search.engine.sketch_plan import read_plan
from tests.search.two_stage import (
    DIMENSION,
    EXACT_ROWS,
    FAN,
    ROWS,
    SETS,
    Halves,
    exact_index_of,
    fan,
    index_of,
    questions,
    recall,
    rows,
    texts,
)


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
