from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.rag.places import PLACES, first_places

CHUNKS = st.lists(st.integers(0, 40), unique=True, max_size=20)
GROUPS = st.lists(st.lists(st.integers(0, 60), unique=True, max_size=5), max_size=5)


def test_without_anything_named_the_order_stays() -> None:
    assert first_places([5, 3, 9, 1], []) == [5, 3, 9, 1]


def test_holder_among_the_first_three_changes_nothing() -> None:
    assert first_places([5, 3, 9, 1], [[9, 1]]) == [5, 3, 9, 1]


def test_best_holder_comes_third_and_the_others_move_down() -> None:
    assert first_places([5, 3, 9, 1, 7], [[7, 1]]) == [5, 3, 1, 9, 7]


def test_holder_that_no_ranking_found_comes_third() -> None:
    assert first_places([5, 3, 9], [[40]]) == [5, 3, 40, 9]


def test_two_named_things_both_have_a_place() -> None:
    assert first_places([5, 3, 9, 1, 7], [[7], [1]]) == [5, 1, 7, 3, 9]


def test_nothing_ranked_gives_the_holders() -> None:
    assert first_places([], [[4, 2]]) == [4, 2]


@given(CHUNKS, GROUPS)
def test_every_named_thing_has_a_place_and_nothing_is_lost(
    ranked: list[int], groups: list[list[int]]
) -> None:
    placed = first_places(ranked, groups)
    assert len(placed) == len(set(placed))
    assert set(placed) == set(ranked).union(*groups)
    for group in [group for group in groups[:PLACES] if group]:
        assert set(placed[:PLACES]) & set(group)
    named = {chunk for group in groups for chunk in group}
    others = [chunk for chunk in ranked if chunk not in named]
    assert [chunk for chunk in placed if chunk in others] == others
