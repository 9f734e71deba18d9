"""Ordering candidates by two kinds of scores."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.evidence import DENSE_WEIGHT, LEAST_DENSE_WEIGHT, dense_weight, rank_by_evidence

scores = st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3))


def ranked_apart(
    chunks: Collection[int],
    cosines: Mapping[int, float],
    bm25s: Mapping[int, float],
    links: Mapping[int, float] | None = None,
    **weight: float,
) -> list[int]:
    """Candidates of which none is near to another."""
    vectors = np.eye(max(len(chunks), 1), dtype=np.float32)
    return rank_by_evidence(sorted(chunks), cosines, bm25s, vectors[: len(chunks)], links or {}, **weight)


def test_clear_lead_in_one_ranking_beats_small_leads_in_the_other() -> None:
    cosines = {1: 0.50, 2: 0.51, 3: 0.52, 4: 0.50}
    bm25s = {1: 30.0, 2: 2.0, 3: 1.0}
    assert ranked_apart(cosines, cosines, bm25s)[0] in (1, 3)
    assert ranked_apart({1, 2}, {1: 0.9, 2: 0.1}, {2: 1.0}) == [1, 2]


def test_words_decide_between_equally_near_chunks() -> None:
    assert ranked_apart({1, 2, 3}, {1: 0.5, 2: 0.5, 3: 0.5}, {2: 4.0, 3: 1.0}) == [2, 3, 1]


def test_nothing_to_order() -> None:
    assert ranked_apart([], {}, {}) == []


@given(st.dictionaries(st.integers(1, 50), st.tuples(scores, st.floats(0, 40)), min_size=1))
def test_order_is_complete_and_does_not_depend_on_scale(found: dict[int, tuple[float, float]]) -> None:
    cosines = {chunk: cosine for chunk, (cosine, _) in found.items()}
    bm25s = {chunk: bm25 for chunk, (_, bm25) in found.items() if bm25 > 1}
    ranked = ranked_apart(found, cosines, bm25s)
    assert sorted(ranked) == sorted(found)
    assert ranked_apart(found, cosines, {chunk: 4 * bm25 for chunk, bm25 in bm25s.items()}) == ranked


@given(st.dictionaries(st.integers(1, 50), scores, min_size=2))
def test_better_in_both_is_never_behind(cosines: dict[int, float]) -> None:
    ranked = ranked_apart(cosines, cosines, {chunk: 1 + cosine for chunk, cosine in cosines.items()})
    assert ranked == sorted(cosines, key=lambda chunk: (-cosines[chunk], chunk))


def test_neighbours_that_answer_decide_between_two_that_are_as_good() -> None:
    """The third is about what the second is about, and has a word of the question as well."""
    vectors = np.array([[1, 0], [0, 1], [0, 1], [0.7, -0.7]], np.float32)
    cosines, bm25s = {1: 0.5, 2: 0.5, 3: 0.45, 4: 0.1}, {1: 2.0, 2: 2.0, 3: 2.0}
    assert rank_by_evidence([1, 2, 3, 4], cosines, bm25s, vectors, {})[0] == 2


def test_of_equals_the_one_that_is_links_comes_last() -> None:
    cosines = dict.fromkeys(range(1, 9), 0.3) | {7: 0.5, 8: 0.5}
    assert ranked_apart(cosines, cosines, {})[:2] == [7, 8]
    assert ranked_apart(cosines, cosines, {}, {7: 1.0})[:2] == [8, 7]
    assert ranked_apart(cosines, cosines, {}, {7: 0.5})[:2] == [7, 8]


@given(st.integers(2, 60), st.integers(0, 99))
def test_copies_are_in_the_order_of_their_ids(count: int, seed: int) -> None:
    """Boilerplate: the answer must not depend on which server summed up the scores."""
    vector = np.random.default_rng(seed).standard_normal(24).astype(np.float32)
    vectors = np.tile(vector / np.linalg.norm(vector), (count, 1))
    chunks = list(range(1, count + 1))
    cosines, bm25s = dict.fromkeys(chunks, 0.4), dict.fromkeys(chunks[: count // 2], 3.0)
    expected = [*chunks[: count // 2], *chunks[count // 2 :]]
    assert rank_by_evidence(chunks, cosines, bm25s, vectors, {}) == expected


def test_weight_of_the_vectors_falls_with_the_share_of_strange_words() -> None:
    assert dense_weight(0.0) == dense_weight(0.25) == DENSE_WEIGHT
    assert dense_weight(0.5) == dense_weight(1.0) == pytest.approx(LEAST_DENSE_WEIGHT)
    assert DENSE_WEIGHT > dense_weight(0.3) > dense_weight(0.45) > LEAST_DENSE_WEIGHT


def test_smaller_weight_lets_words_decide() -> None:
    cosines, bm25s = {1: 0.9, 2: 0.1}, {2: 5.0}
    assert ranked_apart(cosines, cosines, bm25s, weight=0.7) == [1, 2]
    assert ranked_apart(cosines, cosines, bm25s, weight=0.4) == [2, 1]
