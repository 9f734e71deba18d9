"""Dates and times of day, read from prose."""

from __future__ import annotations

import pytest

from kb.rag.dates import find_clocks, find_dates, same_clock, same_date
from kb.rag.words import plain


@pytest.mark.parametrize(
    "text",
    [
        "3 March 2026",
        "March 3, 2026",
        "3rd of March 2026",
        "2026-03-03",
        "03.03.2026",
        "3 Mar 2026",
        "03/03/2026",
        "March 3rd, 2026",
        "3.3.26",
    ],
)
def test_one_day_has_many_forms(text: str) -> None:
    assert [(date.year, date.month, date.day) for date in find_dates(text)] == [(2026, 3, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 March", [(None, 3, 3)]),
        ("in March", [(None, 3, None)]),
        ("March 2026", [(2026, 3, None)]),
        ("since 2019", [(2019, None, None)]),
        ("3\u20135 March 2026", [(2026, 3, 3), (2026, 3, 5)]),
        ("You may go", []),
        ("by May 2026", [(2026, 5, None)]),
        ("2026 EUR", []),
        ("March 35", []),
    ],
)
def test_a_date_is_as_precise_as_its_words(text: str, expected: list[tuple[int | None, ...]]) -> None:
    assert [(date.year, date.month, date.day) for date in find_dates(plain(text))] == expected


@pytest.mark.parametrize(
    ("claim", "source", "same"),
    [
        ("3 March", "3 March 2026", True),
        ("March 2026", "2026-03-03", True),
        ("in 2026", "2026-03-03", True),
        ("3 March 2026", "3 March", False),
        ("4 March 2026", "3 March 2026", False),
        ("3 April 2026", "3 March 2026", False),
        ("3 March 2025", "3 March 2026", False),
        ("3 March 2026", "March 2026", False),
    ],
)
def test_a_claimed_date_must_be_said_by_the_source(claim: str, source: str, same: bool) -> None:
    assert same_date(find_dates(claim)[0], find_dates(source)[0], ()) is same


def test_the_year_may_stand_in_the_heading() -> None:
    assert same_date(find_dates("3 March 2026")[0], find_dates("3 March")[0], {2026})


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("9am", [540]),
        ("9 a.m. to 5 p.m.", [540, 1020]),
        ("9-11 am", [540, 660]),
        ("17:30", [1050]),
        ("5.30 pm", [1050]),
        ("noon", [720]),
        ("12 am", [0]),
        ("four p.m.", [960]),
        ("10 amps", []),
        ("9 o'clock", [540]),
    ],
)
def test_times_of_day_are_minutes_since_midnight(text: str, minutes: list[int]) -> None:
    assert [clock.minutes for clock in find_clocks(text)] == minutes


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("5:30", "5:30 pm", True), ("5:30 am", "17:30", False), ("9:00", "9 am", True), ("9:00", "9:30", False)],
)
def test_twelve_and_twenty_four_hours_agree(one: str, other: str, same: bool) -> None:
    assert same_clock(find_clocks(one)[0], find_clocks(other)[0]) is same
