"""A preposition that turns the meaning is not proved by its counterpart before the same words."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

DESK = "The help desk answers calls {} office hours."
GATE = "The gate stays open {} the evening concert."
TURNED = [
    (DESK, "during", "outside"),
    (DESK, "within", "outside"),
    (DESK, "during", "after"),
    (GATE, "until", "after"),
    (GATE, "before", "during"),
    (GATE, "before", "after"),
    ("Store the samples {} the shelf with the labels.", "below", "above"),
    ("Refunds are paid {} 30 days.", "within", "after"),
    ("The gate of the fair is open {} 18:00.", "until", "after"),
    ("Release the button {} the light turns red.", "when", "before"),
    ("Employees with a contract work {} Germany.", "in", "outside"),
    ("Die Hotline ist {} der Bürozeiten erreichbar.", "während", "außerhalb"),
    ("Das Tor ist {} den Bürozeiten geöffnet.", "vor", "nach"),
    ("Das Tor zum Hof ist {} 18 Uhr geöffnet.", "bis", "nach"),
    ("Die Proben liegen {} dem Regal im Lager.", "unter", "über"),
]


@pytest.mark.parametrize(("frame", "one", "other"), TURNED)
def test_counterpart_before_the_same_words_is_refused(frame: str, one: str, other: str) -> None:
    for said, claimed in ((one, other), (other, one)):
        shown = [passage(frame.format(said))]
        assert not check_sentence(frame.format(claimed), [], shown).supported
        assert check_sentence(frame.format(said), [], [*shown, passage("The desk is in the hall.")]).supported


def test_counterpart_is_refused_wherever_it_stands() -> None:
    shown = [passage(GATE.format("until"))]
    assert not check_sentence("After the evening concert, the gate stays open.", [], shown).supported
    assert check_sentence("Until the evening concert, the gate stays open.", [], shown).supported


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (DESK.format("during"), "The help desk answers calls in office hours."),
        ("Wash your hands before and after each meal.", "Wash your hands after each meal."),
        ("Wash your hands before and after each meal.", "Wash your hands before each meal."),
        (
            "Remove the lid before you clean the filter, and dry it after you have cleaned the filter.",
            "Remove the lid before you clean the filter.",
        ),
        ("Visitors wait outside. In the hall there is coffee.", "In the hall there is coffee."),
        (
            "Once the contract is signed, it cannot be changed.",
            "After the contract is signed, it cannot be changed.",
        ),
        ("The refund takes up to 5 days after the request.", "The refund takes up to 5 days."),
    ],
)
def test_what_says_the_same_or_stands_before_other_words_is_proved(source: str, sentence: str) -> None:
    assert check_sentence(sentence, [], [passage(source)]).supported
