"""The ends of a range are its least and its most, and neither is the number itself."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

WEEKS = "Delivery takes 3-5 weeks."


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (WEEKS, "Delivery takes 5 weeks."),
        (WEEKS, "Delivery takes 3 weeks."),
        (WEEKS, "Delivery takes at most 3 weeks."),
        ("Delivery takes between 3 and 5 weeks.", "Delivery takes 5 weeks."),
        ("Net weight: 1.5 kg. Lead time: 3-5 weeks.", "The lead time is 5 weeks."),
        ("You may bring 3 to 5 bags.", "You may bring 5 bags."),
        ("Zwischen 3 und 5 Wochen dauert die Lieferung.", "Die Lieferung dauert 5 Wochen."),
    ],
)
def test_end_of_a_range_alone_is_refused(source: str, sentence: str) -> None:
    assert not check_sentence(sentence, [], [passage(source)]).supported


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (WEEKS, "Delivery takes up to 5 weeks."),
        (WEEKS, "Delivery takes at most 5 weeks."),
        (WEEKS, "Delivery takes at least 3 weeks."),
        (WEEKS, "Delivery takes 3 to 5 weeks."),
        (WEEKS, "Delivery takes between 3 and 5 weeks."),
        ("Die Lieferung dauert 3 bis 5 Wochen.", "Die Lieferung dauert 3-5 Wochen."),
        ("The price rose from 40 to 55 euros.", "The price rose to 55 euros."),
        ("Chapters 3-5 of the guide are new.", "Chapter 5 of the guide is new."),
    ],
)
def test_limit_that_the_range_sets_is_proved(source: str, sentence: str) -> None:
    assert check_sentence(sentence, [], [passage(source)]).supported
