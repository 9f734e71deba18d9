"""Reciprocal rank fusion."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.fusion import reciprocal_rank_fusion

RANKINGS = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=12), max_size=4)


def test_scores_are_the_published_formula() -> None:
    fused = dict(reciprocal_rank_fusion([[7, 8], [8]]))
    assert fused == {8: pytest.approx(1 / 61 + 1 / 62), 7: pytest.approx(1 / 61)}


def test_weights_scale_a_ranking() -> None:
    assert [item for item, _ in reciprocal_rank_fusion([[1], [2]], weights=[1, 2])] == [2, 1]


@pytest.mark.parametrize(("k", "weights"), [(60, [1.0]), (-1, None)])
def test_impossible_arguments_are_refused(k: int, weights: list[float] | None) -> None:
    with pytest.raises(ValueError):
        reciprocal_rank_fusion([[1], [2]], k, weights)


@given(RANKINGS)
def test_every_id_comes_out_once_in_order_of_score(rankings: list[list[int]]) -> None:
    fused = reciprocal_rank_fusion(rankings)
    ids = [item for item, _ in fused]
    assert sorted(ids) == sorted({item for ranking in rankings for item in ranking})
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)


@given(RANKINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_rankings_does_not_matter(rankings: list[list[int]], chance: random.Random) -> None:
    shuffled = rankings[:]
    chance.shuffle(shuffled)
    assert reciprocal_rank_fusion(shuffled) == reciprocal_rank_fusion(rankings)


@given(st.lists(st.integers(0, 30), unique=True, max_size=12))
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    assert [item for item, _ in reciprocal_rank_fusion([ranking])] == ranking


@given(RANKINGS, st.integers(0, 30))
def test_one_more_first_place_never_hurts(rankings: list[list[int]], item: int) -> None:
    def place(fused: list[tuple[int, float]]) -> int:
        return next((at for at, (found, _) in enumerate(fused) if found == item), len(fused))

    assert place(reciprocal_rank_fusion([*rankings, [item]])) <= place(reciprocal_rank_fusion(rankings))
