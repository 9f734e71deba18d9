from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.errors import IndexWriteError, InvalidVectorError
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.types import Row
from tests.search.engine_parts import (
    DIMENSION,
    WordEncoder,
    disk_full,
    embed,
    found,
    new_engine,
    publish,
    row,
)


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    return new_engine(tmp_path / "live")


def search(engine: SearchEngine, query: str, collections: set[int] | None = None) -> list[int]:
    allowed = None if collections is None else frozenset(collections)
    return found(engine.search(query, allowed, 10, 50))


def test_hits_carry_the_scores_of_both_sides(engine: SearchEngine) -> None:
    publish(engine, 1, row(1, "book a hotel"), row(2, "sick leave"))
    first, second = engine.search("hotel", None, 10, 50).hits
    assert (first.chunk_id, second.chunk_id) == (1, 2)
    assert first.cosine == pytest.approx(float(embed("book a hotel") @ embed("hotel")), abs=2e-3)
    assert first.bm25 is not None and first.bm25 > 0
    assert second.bm25 is None
    assert first.rrf_score > second.rrf_score


def test_a_hit_by_words_alone_gets_its_cosine_as_well(engine: SearchEngine) -> None:
    body = "kind hotel and twelve more words that no other one of them has here now"
    near = ["hotel", "hotel garden", "hotel garden pool"]
    publish(engine, 1, row(1, body), *(row(number, text) for number, text in enumerate(near, start=10)))
    hits = {hit.chunk_id: hit for hit in engine.search("kind hotel", None, 3, 3).hits}
    assert hits.keys() == {1, 10, 12}
    assert hits[1].cosine == pytest.approx(float(embed(body) @ embed("kind hotel")), abs=2e-3)


def test_a_near_hit_far_down_the_lexical_ranking_has_its_bm25_as_well(engine: SearchEngine) -> None:
    common = [row(number, f"hotel garden pool {number} beside the old road") for number in range(20, 60)]
    publish(engine, 1, row(1, "zebra"), row(10, "hotel garden pool"), *common)
    question = "hotel garden pool zebra"
    [hit] = engine.search(question, None, 1, 1).hits
    assert hit.chunk_id == 10
    assert hit.rrf_score == pytest.approx(1 / 61)  # the first by words is another
    everything = {hit.chunk_id: hit for hit in engine.search(question, None, 60, 60).hits}
    assert hit.bm25 == pytest.approx(everything[10].bm25)


def test_limit_bounds_the_hits_and_candidates_are_never_fewer(engine: SearchEngine) -> None:
    publish(engine, 1, *(row(number, f"hotel {number}") for number in range(1, 21)))
    assert len(engine.search("hotel", None, 3, 10).hits) == 3
    assert len(engine.search("hotel", None, 15, 1).hits) == 15


@pytest.mark.parametrize("query", ["", "  \n"])
def test_a_blank_question_finds_nothing(engine: SearchEngine, query: str) -> None:
    publish(engine, 1, row(1, "hotel"))
    assert search(engine, query) == []


def test_timings_name_every_step_also_of_a_search_that_was_not_needed(engine: SearchEngine) -> None:
    steps = {"encode", "dense", "lexical", "fuse", "total"}
    publish(engine, 1, row(1, "hotel"))
    timings = engine.search("hotel", None, 10, 10).timings_ms
    assert timings.keys() == steps
    assert timings["total"] == pytest.approx(sum(timings[step] for step in steps - {"total"}))
    assert engine.search("", None, 10, 10).timings_ms == dict.fromkeys(steps, 0.0)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(None, {1, 2, 3}), ({1}, {1}), ({2, 3}, {2, 3}), ({9}, set()), (set(), set()), ({-1, 2**70, 3}, {3})],
)
def test_only_allowed_collections_are_searched(
    engine: SearchEngine, allowed: set[int] | None, expected: set[int]
) -> None:
    """Case 3."""
    for number in (1, 2, 3):
        publish(engine, number, row(number, "hotel"), collection_id=number)
    assert set(search(engine, "hotel", allowed)) == expected


def test_changes_are_searched_after_commit(engine: SearchEngine) -> None:
    engine.replace_document(1, 1, [row(1, "hotel")])
    assert (engine.count, search(engine, "hotel")) == (0, [])
    engine.commit()
    assert (engine.count, search(engine, "hotel")) == (1, [1])
    engine.remove_document(1)
    assert search(engine, "hotel") == [1]
    engine.commit()
    assert (engine.count, search(engine, "hotel")) == (0, [])


def test_replacing_leaves_nothing_of_what_was_there(engine: SearchEngine) -> None:
    publish(engine, 1, row(1, "hotel"), row(2, "hotel"))
    publish(engine, 2, row(3, "hotel"))
    publish(engine, 1, row(4, "hotel"), collection_id=2)
    assert engine.chunk_ids() == {3, 4}
    assert set(search(engine, "hotel")) == {3, 4}
    assert search(engine, "hotel", {2}) == [4]


def test_the_same_change_twice_is_one(engine: SearchEngine) -> None:
    """Case 32."""
    for _ in range(2):
        publish(engine, 1, row(1, "hotel"), row(2, "room"))
    assert engine.count == 2
    engine.replace_document(1, 1, [row(1, "hotel"), row(2, "room")])
    publish(engine, 1, row(1, "hotel"), row(2, "room"))
    assert sorted(search(engine, "hotel")) == [1, 2]
    for _ in range(2):
        engine.remove_document(1)
        engine.commit()
    assert engine.count == 0


def test_the_last_change_of_a_document_wins(engine: SearchEngine) -> None:
    engine.replace_document(1, 1, [row(1, "hotel")])
    engine.remove_document(1)
    engine.remove_document(2)
    engine.replace_document(2, 1, [row(2, "hotel")])
    engine.replace_document(3, 1, [row(3, "hotel")])
    engine.replace_document(3, 1, [])
    engine.commit()
    assert engine.chunk_ids() == {2}
    assert search(engine, "hotel") == [2]


class CountingLexicalIndex(LexicalIndex):
    removals = 0

    def remove_documents(self, document_ids: Collection[int]) -> None:
        self.removals += 1
        super().remove_documents(document_ids)


def test_words_are_asked_once_for_all_that_a_commit_replaces(tmp_path: Path) -> None:
    lexical = CountingLexicalIndex(tmp_path / "live")
    engine = SearchEngine(WordEncoder(), DenseIndex(DIMENSION), lexical)
    for _ in range(2):
        for number in range(1, 50):
            engine.replace_document(number, 1, [row(number, "hotel")])
        engine.remove_document(7)
        engine.commit()
    assert lexical.removals == 2
    engine.commit()
    assert lexical.removals == 2
    assert engine.chunk_ids() == set(range(1, 50)) - {7}
    assert set(search(engine, "hotel")) <= engine.chunk_ids()


def test_what_is_replaced_beyond_the_room_for_texts_is_still_one_commit(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.search.engine.engine._MAX_UNWRITTEN", 3)
    publish(engine, 1, row(1, "hotel"))
    for number in range(2, 12):
        engine.replace_document(number, 1, [row(number, "hotel")])
    engine.replace_document(2, 1, [row(102, "hotel")])
    engine.remove_document(3)
    engine.remove_document(1)
    assert search(engine, "hotel") == [1]
    engine.commit()
    assert engine.chunk_ids() == {102, *range(4, 12)}
    assert set(search(engine, "hotel")) == {102, *range(4, 12)}


def test_a_full_disk_before_the_commit_undoes_all_since_the_last(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 37."""
    monkeypatch.setattr("kb.search.engine.engine._MAX_UNWRITTEN", 0)
    publish(engine, 1, row(1, "hotel"))
    engine.replace_document(2, 1, [row(2, "hotel")])
    with disk_full(), pytest.raises(IndexWriteError):
        publish(engine, 3, row(3, "hotel"))
    publish(engine, 4, row(4, "hotel"))
    assert engine.chunk_ids() == {1, 4}
    assert sorted(search(engine, "hotel")) == [1, 4]


def test_many_replacements_leave_results_as_they_were(engine: SearchEngine) -> None:
    """Removed vectors are swept away in between."""
    publish(engine, 1, *(row(number, f"hotel {number}") for number in range(1, 9)))
    expected = engine.search("hotel 5", None, 10, 10).hits
    for _ in range(6):
        publish(engine, 1, *(row(number, f"hotel {number}") for number in range(1, 9)))
    assert engine.chunk_ids() == set(range(1, 9))
    hits = engine.search("hotel 5", None, 10, 10).hits
    assert {(hit.chunk_id, hit.cosine) for hit in hits} == {(hit.chunk_id, hit.cosine) for hit in expected}


@pytest.mark.parametrize(
    "vector",
    [
        b"",
        np.zeros(DIMENSION, "<f2").tobytes(),
        np.full(DIMENSION, np.nan, "<f2").tobytes(),
        np.full(DIMENSION, 3.0, "<f2").tobytes(),
        embed("hotel").astype("<f2").tobytes()[:-2],
        embed("hotel").astype("<f4").tobytes(),
    ],
)
def test_a_vector_that_cannot_be_compared_is_refused(engine: SearchEngine, vector: bytes) -> None:
    """Case 39: vectors of another model never get among these."""
    publish(engine, 1, row(1, "hotel"))
    with pytest.raises(InvalidVectorError) as error:
        engine.replace_document(1, 1, [row(2, "hotel"), Row(3, vector, "", "", "hotel")])
    assert error.value.fields == {"document_id": 1}
    engine.commit()
    assert search(engine, "hotel") == [1]


def test_a_failed_commit_changes_neither_side_and_can_be_made_again(engine: SearchEngine) -> None:
    publish(engine, 1, row(1, "hotel"))
    with disk_full(), pytest.raises(IndexWriteError):
        publish(engine, 2, row(2, "hotel"))
    assert (engine.count, search(engine, "hotel")) == (1, [1])
    publish(engine, 3, row(3, "hotel"))
    assert engine.chunk_ids() == {1, 3}
    assert sorted(search(engine, "hotel")) == [1, 3]
    publish(engine, 2, row(2, "hotel"))
    assert sorted(search(engine, "hotel")) == [1, 2, 3]


@dataclass
class CountingEncoder(WordEncoder):
    asked: list[str] = field(default_factory=list)

    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked.extend(texts)
        return super().embed_queries(texts)


def test_a_question_that_may_see_nothing_is_not_even_encoded(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    engine = SearchEngine(encoder, DenseIndex(DIMENSION), LexicalIndex(tmp_path / "live"))
    search(engine, "hotel", set())
    assert encoder.asked == []
