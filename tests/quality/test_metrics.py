"""The measures, against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from kb.quality import metrics

RELEVANT = {"a": 1.0, "b": 1.0}


def test_ranking_measures() -> None:
    ranking = ["x", "a", "y", "b"]
    ideal = 1 + 1 / math.log2(3)
    assert metrics.ndcg(ranking, RELEVANT) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert metrics.ndcg(["a", "b"], RELEVANT) == pytest.approx(1)
    assert metrics.recall(ranking, RELEVANT, k=2) == 0.5
    assert (metrics.hit(ranking, RELEVANT), metrics.hit(["a"], RELEVANT)) == (0, 1)
    assert metrics.reciprocal_rank(ranking, RELEVANT) == 0.5


def test_answers_are_found_at_word_borders_with_case_and_punctuation_folded() -> None:
    assert metrics.contains_answer("It takes 14 Days.", ["14 days"])
    assert not metrics.contains_answer("It takes 114 days.", ["14 days"])
    assert not metrics.contains_answer("Anything.", [""])


def test_token_f1_takes_the_best_accepted_answer() -> None:
    assert metrics.token_f1("the red car", ["blue", "red car"]) == pytest.approx(1)
    assert metrics.token_f1("red", ["red car"]) == pytest.approx(2 / 3)
    assert metrics.token_f1("red", []) == 0
