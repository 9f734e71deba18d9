"""An engine that is saved and loaded again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.errors import DamagedIndexError
from kb.search.engine.lexical import LexicalIndex
from tests.search.engine_parts import DIMENSION, WordEncoder, new_engine, publish, row


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    return new_engine(tmp_path / "live")


def fill(engine: SearchEngine) -> None:
    for number in range(1, 13):
        text = f"hotel room {number % 5} {'suite ' * (number % 3)}"
        engine.replace_document(number, number % 3, [row(number, text), row(100 + number, "leave")])
    engine.commit()
    engine.remove_document(4)
    engine.commit()


def test_a_loaded_engine_answers_like_the_saved_one(engine: SearchEngine, tmp_path: Path) -> None:
    fill(engine)
    engine.replace_document(50, 1, [row(50, "hotel suite")])  # saving commits it
    (tmp_path / "saved").mkdir()
    engine.save(tmp_path / "saved")
    other = new_engine(tmp_path / "other")
    other.load(tmp_path / "saved")
    assert other.chunk_ids() == engine.chunk_ids()
    for query in ("hotel", "room 3", "suite leave", "nothing of that"):
        for collections in (None, frozenset({1}), frozenset({0, 2})):
            expected = engine.search(query, collections, 20, 20).hits
            hits = other.search(query, collections, 20, 20).hits
            assert [hit.chunk_id for hit in hits] == [hit.chunk_id for hit in expected]
            for hit, wanted in zip(hits, expected, strict=True):
                assert math.isclose(hit.cosine or 0, wanted.cosine or 0, abs_tol=1e-5)
                assert hit.bm25 == wanted.bm25
    publish(other, 1, row(1, "changed"))
    assert 101 in engine.chunk_ids() and 101 not in other.chunk_ids()


def test_halves_that_do_not_belong_together_are_refused(engine: SearchEngine, tmp_path: Path) -> None:
    """Case 36."""
    for name, number in (("one", 1), ("other", 2)):
        publish(engine, 1, row(number, "hotel"))  # as many chunks, but not the same
        (tmp_path / name).mkdir()
        engine.save(tmp_path / name)
    (tmp_path / "one" / "dense").rename(tmp_path / "old")
    (tmp_path / "other" / "dense").rename(tmp_path / "one" / "dense")
    with pytest.raises(DamagedIndexError):
        new_engine(tmp_path / "new").load(tmp_path / "one")


def test_a_saved_engine_of_another_dimension_is_refused(engine: SearchEngine, tmp_path: Path) -> None:
    """Case 36."""
    fill(engine)
    (tmp_path / "saved").mkdir()
    engine.save(tmp_path / "saved")
    other = SearchEngine(WordEncoder(), DenseIndex(DIMENSION + 1), LexicalIndex(tmp_path / "other"))
    with pytest.raises(DamagedIndexError):
        other.load(tmp_path / "saved")


def test_nothing_saved_is_no_engine(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndexError):
        new_engine(tmp_path / "live").load(tmp_path)
