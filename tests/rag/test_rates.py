"""What a number is counted by may neither be left out, nor added, nor exchanged."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

MILEAGE = "Mileage is paid at 0.30 EUR/km for private cars."
ROOM = "A double room costs 90 EUR per night."
LIMITS = "The limit is 500 MB per user and 2 GB per team."


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (MILEAGE, "Mileage is paid at 0.30 EUR for private cars."),
        (MILEAGE, "Mileage is paid at 0.30 EUR/kg for private cars."),
        (ROOM, "A double room costs 90 EUR."),
        (ROOM, "A double room costs 90 EUR per night per person."),
        ("A double room costs 90 EUR per night per person.", "A double room costs 90 EUR per night."),
        (LIMITS, "The limit is 500 MB."),
        (LIMITS, "The limit is 2 GB per user."),
        ("The drug is given at 5 mg/kg for adults.", "The drug is given at 5 mg for adults."),
        ("The parcel weighs 5 kg.", "The parcel weighs 5 kg per person."),
        ("Members may borrow 3 books per week.", "Members may borrow 3 books."),
        ("Der Beitrag beträgt 20 EUR pro Monat.", "Der Beitrag beträgt 20 EUR."),
    ],
)
def test_number_without_or_with_another_rate_is_refused(source: str, sentence: str) -> None:
    assert not check_sentence(sentence, [], [passage(source)]).supported


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (MILEAGE, "Mileage is paid at 0.30 EUR per km for private cars."),
        (ROOM, "A double room costs 90 EUR a night."),
        (ROOM, "Per night, a double room costs 90 EUR."),
        (LIMITS, "The limit is 2 GB per team."),
        ("Interns receive 15 days of leave per calendar year.", "Interns receive 15 days of leave per year."),
        ("Each member pays 20 EUR per month.", "The monthly fee is 20 EUR for each member."),
        ("Der Beitrag beträgt 20 EUR pro Monat.", "Der monatliche Beitrag beträgt 20 EUR."),
        ("The monthly fee is 20 EUR.", "The fee is 20 EUR per month."),
        (f"## Prices per night\n\n{ROOM}", "A double room costs 90 EUR."),
        ("Choose 2 hosts/speakers for the panel.", "Choose 2 hosts for the panel."),
    ],
)
def test_rate_in_other_words_is_proved(source: str, sentence: str) -> None:
    assert check_sentence(sentence, [], [passage(source)]).supported


def test_question_may_say_the_rate() -> None:
    asked = "What does a double room cost per night?"
    assert check_sentence("A double room costs 90 EUR.", [], [passage(ROOM)], question=asked).supported
