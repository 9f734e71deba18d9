"""Scores smoothed over the nearest neighbours of each candidate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.neighbours import with_neighbours


def around(centre: npt.NDArray[np.float32], count: int, spread: float, seed: int) -> npt.NDArray[np.float32]:
    """Normalised vectors near one of them."""
    rng = np.random.default_rng(seed)
    vectors = centre + spread * rng.standard_normal((count, len(centre)))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def topics(*counts: int) -> npt.NDArray[np.float32]:
    centres = np.eye(16, dtype=np.float32)
    return np.concatenate([around(centres[at], count, 0.05, at) for at, count in enumerate(counts)])


def test_who_stands_among_good_ones_passes_who_stands_out_by_accident() -> None:
    vectors = topics(12, 12)
    scores = np.array([1.0] * 12 + [1.1] + [-1.0] * 11)
    smoothed = with_neighbours(scores, vectors)
    assert smoothed[0] > smoothed[12]
    assert smoothed[12] > smoothed[13]  # it keeps most of its own


def test_a_clear_lead_stays_one() -> None:
    scores = np.array([1.0] * 12 + [3.0] + [-1.0] * 11)
    assert with_neighbours(scores, topics(12, 12)).argmax() == 12


def test_far_ones_say_nothing_beside_near_ones() -> None:
    """Of the ten neighbours only two are about the same."""
    vectors = topics(3, 20)
    smoothed = with_neighbours(np.array([1.0] * 3 + [-5.0] * 20), vectors)
    assert smoothed[:3] == pytest.approx([1.0] * 3, abs=0.05)


def test_alone_or_with_nobody_near() -> None:
    assert with_neighbours(np.array([2.0]), np.eye(1, 4, dtype=np.float32)).tolist() == [2.0]
    scores = np.array([3.0, 2.0, 1.0])
    assert with_neighbours(scores, np.eye(3, dtype=np.float32)) == pytest.approx(scores)


@given(st.lists(st.floats(-3, 3, allow_nan=False), min_size=1, max_size=40), st.integers(0, 9))
def test_nobody_leaves_the_range_of_the_scores(scores: list[float], seed: int) -> None:
    vectors = around(np.eye(8, dtype=np.float32)[0], len(scores), 0.5, seed)
    smoothed = with_neighbours(np.array(scores), vectors)
    assert smoothed.min() >= min(scores) - 1e-9
    assert smoothed.max() <= max(scores) + 1e-9
