"""Numbers with units, read from prose."""

from __future__ import annotations

import pytest

from kb.rag.quantities import canonical, find_quantities, periods
from kb.rag.reading import read
from kb.rag.words import plain


def found(text: str) -> list[tuple[str, str]]:
    return [(item.value, item.unit) for item in find_quantities(plain(text)) if not item.implied]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fourteen days", [("14", "day")]),
        ("a 14-day window", [("14", "day")]),
        ("10 to 14 working days", [("10", "working day"), ("14", "working day")]),
        ("EUR 1,000.50", [("1000.5", "EUR")]),
        ("$2.5m", [("2500000", "USD")]),
        ("5k users", [("5000", "")]),
        ("15 percent, 15 per cent, 15%", [("15", "%")] * 3),
        ("twenty-one people", [("21", "")]),
        ("two hundred and five rooms", [("205", "")]),
        ("half a day", [("0.5", "day")]),
        ("twice a week", [("2", "time")]),
        ("on the third floor, the 3rd door", [("3", "nth"), ("3", "nth")]),
        ("\u20ac 20\u201330", [("20", "EUR"), ("30", "EUR")]),
        ("10\u00a0000 EUR", [("10000", "EUR")]),
        ("-5 \u00b0C", [("-5", "\u00b0c")]),
        ("5GB", [("5", "gb")]),
        ("2\u00bd hours", [("2.5", "hour")]),
        ("three (3) days", [("3", "day")]),
        ("1.000,50", [("1.000,50", "")]),
        ("10^6 joule, 10^-3 kg, 10 joule", [("10^6", ""), ("10^-3", "kg"), ("10", "")]),
        ("one of the managers", []),
        ("m\u00b2", []),
    ],
)
def test_numbers_are_read_with_their_units(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("1,000", "1000"),
        ("1000", "1000"),
        ("14.0", "14"),
        ("1,5", "1.5"),
        ("1.000", "1.000"),
        ("1'000", "1000"),
        ("007", "007"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_one_number_has_one_form(digits: str, value: str) -> None:
    assert canonical(digits) == value


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at least 5 days", "min"),
        ("no fewer than 5 days", "min"),
        ("5 days or more", "min"),
        ("more than 5", "min"),
        ("at most 5 days", "max"),
        ("up to 5 days", "max"),
        ("no more than 5", "max"),
        ("5 days or less", "max"),
        ("cannot exceed 5", "max"),
        ("can't exceed 5", "max"),
        ("5 days", ""),
    ],
)
def test_words_that_make_a_limit_are_seen(text: str, bound: str) -> None:
    assert [item.bound for item in find_quantities(text)] == [bound]


def test_periods_are_the_same_as_adverb_and_as_noun() -> None:
    assert periods("paid weekly") == periods("paid per week") == {"week"}


def test_identifiers_dates_and_times_are_no_numbers() -> None:
    reading = read(
        "Ticket KB-1234 of 3 March 2026 at 9:30, room A4, mail a1@b.example, call +41 44 123 45 67."
    )
    assert reading.quantities == ()
    assert reading.identifiers == {"kb-1234", "a4", "a1@b.example", "+41441234567"}
