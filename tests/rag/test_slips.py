from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.slips import nearest_word, slips_between

WORDS = st.text("abcd", max_size=7)


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("deploymnet", ["deployment", "employment"], "deployment"),
        ("recieve", ["receive"], "receive"),
        ("holliday", ["holiday", "holidays"], "holiday"),
        ("lap", ["lab", "map"], ""),  # too short to tell
        ("b12x", ["b12y"], ""),  # means what it says
        ("parking", ["banking", "packing"], "packing"),
        ("flights", ["hotels"], ""),
    ],
)
def test_nearest_word_is_the_one_that_was_meant(typed: str, known: list[str], meant: str) -> None:
    assert nearest_word(typed, known) == meant


def test_of_words_that_are_equally_near_the_more_frequent_one_is_taken() -> None:
    assert nearest_word("cant", ["cart", "card", "cast", "cart"]) == "cart"


@given(WORDS, WORDS)
def test_slips_count_the_same_both_ways_and_nothing_for_equal_words(one: str, other: str) -> None:
    there = slips_between(one, other, 10)
    assert there == slips_between(other, one, 10)
    assert (there == 0) == (one == other)


@given(WORDS, st.data())
def test_swapped_neighbours_are_one_slip(word: str, data: st.DataObject) -> None:
    if len(word) < 2:
        return
    at = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert slips_between(word, swapped, 3) == (word != swapped)
