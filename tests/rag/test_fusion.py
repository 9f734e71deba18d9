"""Reciprocal rank fusion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.fusion import reciprocal_rank_scores

RANKING = st.lists(st.integers(0, 30), unique=True, max_size=12)
RANKINGS = st.lists(RANKING, max_size=4)


def test_scores_are_the_published_formula() -> None:
    fused = reciprocal_rank_scores([[7, 8], [8]])
    assert fused == {8: pytest.approx(1 / 61 + 1 / 62), 7: pytest.approx(1 / 61)}


def test_smaller_k_counts_the_first_places_more() -> None:
    assert reciprocal_rank_scores([[7]], k=0) == {7: 1.0}


def test_impossible_k_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        reciprocal_rank_scores([[1], [2]], -1)


@given(RANKINGS)
def test_every_id_has_a_score(rankings: list[list[int]]) -> None:
    assert reciprocal_rank_scores(rankings).keys() == {item for ranking in rankings for item in ranking}


@given(RANKING, RANKING)
def test_the_order_of_the_rankings_does_not_matter(one: list[int], other: list[int]) -> None:
    assert reciprocal_rank_scores([one, other]) == reciprocal_rank_scores([other, one])


@given(RANKING)
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    scores = reciprocal_rank_scores([ranking])
    assert sorted(scores, key=scores.__getitem__, reverse=True) == ranking


@given(RANKINGS, st.integers(0, 30))
def test_one_more_first_place_helps(rankings: list[list[int]], item: int) -> None:
    before = reciprocal_rank_scores(rankings)
    after = reciprocal_rank_scores([*rankings, [item]])
    assert after[item] > before.get(item, 0.0)
    assert {**after, item: 0} == {**before, item: 0}
