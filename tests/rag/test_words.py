"""Words, names and polarity."""

from __future__ import annotations

import pytest

from kb.rag.names import find_names, find_quotations
from kb.rag.polarity import polarity
from kb.rag.words import content_stems, plain, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("policies", "policy"),
        ("booked", "booking"),
        ("travelling", "traveling"),
        ("reimbursed", "reimbursement"),
        ("paid", "payment"),
        ("organise", "organize"),
        ("approval", "approves"),
        ("staff", "employees"),
        ("annually", "annual"),
    ],
)
def test_forms_of_one_word_are_equal(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("employee", "employer"), ("employee", "employment"), ("hour", "hours'"), ("manager", "management")],
)
def test_words_that_look_alike_stay_apart(one: str, other: str) -> None:
    assert (stem(one) == stem(other)) is (one == "hour")


def test_plain_text_has_no_markup_and_nothing_invisible() -> None:
    """Case 19."""
    assert (
        plain("**Use**  [Concur](https://x.example) `now`\u200b \u201cplease\u201d\u202e a_b")
        == 'Use Concur now "please" a_b'
    )


def test_contractions_carry_no_content() -> None:
    assert content_stems("It isn't and doesn't matter") == ["matter"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ask Anna Meier of the Travel Desk.", [("anna", "meier"), ("travel", "desk")]),
        ("The team uses Concur on Friday in May.", [("concur",)]),
        ("Anna approves it.", [("anna",)]),
        ("If Plan B fails, call R&D.", [("plan", "b"), ("r", "d")]),
        ("Employees work.", [("employees",)]),
        ("Usually I go.", []),
        ("Note: Only managers may.", []),
    ],
)
def test_names_are_capitalised_words(text: str, names: list[tuple[str, ...]]) -> None:
    assert [name.words for name in find_names(plain(text))] == names


def test_quotations_have_two_words_or_more() -> None:
    assert find_quotations('Say "please wait here" or "no".') == ["please wait here"]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("You may not book", {"forbid"}),
        ("You can't book", {"forbid"}),
        ("No employee may book", {"forbid"}),
        ("It is prohibited", {"forbid"}),
        ("You do not need to book", {"exempt"}),
        ("No receipts are needed", {"exempt"}),
        ("Receipts aren't required", {"exempt"}),
        ("You have to book", {"must"}),
        ("You can book", {"may"}),
        ("Only managers book", {"only"}),
        ("without approval unless urgent", {"without", "except"}),
        ("no more than 5 days", set()),
        ("on 5 May 2026", set()),
        ("No action is not needed", {"exempt", "not twice"}),
    ],
)
def test_small_words_give_a_clause_its_polarity(text: str, marks: set[str]) -> None:
    assert polarity(text) == marks
