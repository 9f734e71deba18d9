from __future__ import annotations

import pytest

from kb.quality.typos import with_typo

QUESTION = "May hotels be booked outside of Concur in 2024?"


def test_one_longer_word_differs_and_nothing_else() -> None:
    for seed in range(200):
        typed = with_typo(QUESTION, str(seed))
        changed = [pair for pair in zip(QUESTION.split(), typed.split(), strict=True) if len(set(pair)) == 2]
        [(before, after)] = changed
        assert before in ("hotels", "booked", "outside", "Concur")
        assert abs(len(before) - len(after)) <= 1


def test_same_seed_gives_the_same_typo_and_others_another() -> None:
    assert with_typo(QUESTION, "1") == with_typo(QUESTION, "1")
    assert len({with_typo(QUESTION, str(seed)) for seed in range(50)}) > 20


@pytest.mark.parametrize("text", ["", "Who is it?", "2024-11-22 E-4012"])
def test_without_a_longer_word_nothing_changes(text: str) -> None:
    assert with_typo(text, "0") == text


def test_word_of_equal_letters_gets_a_typo_too() -> None:
    assert with_typo("aaaa", "0") != "aaaa"
