"""What cells show of their values, by their number formats."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.number_format import BUILT_IN, number_format

DAY = datetime.date(2024, 3, 1)
MOMENT = datetime.datetime(2024, 3, 1, 14, 5, 9, 500_000)
ACCOUNTING = '_-* #,##0.00 "€"_-;-* #,##0.00 "€"_-;_-* "-"?? "€"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (0.25, "0%", "25%"),
        (0.2549, "0.0%", "25.5%"),
        (0.07, "0.0?%", "7.0%"),
        (1234.5, "#,##0.00 €", "1,234.50 €"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (-1234.5, ACCOUNTING, "-1,234.50 €"),
        (0, ACCOUNTING, "- €"),
        (-5, "#,##0_);(#,##0)", "(5)"),
        (-3, "[Red]0;[Blue]0", "3"),
        (0, "0;-0;;@", ""),
        (-0.3, "0", "0"),
        (2.5, "0", "3"),
        (1.005, "0.00", "1.01"),
        (0.1 + 0.2, "0.00", "0.30"),
        (1_234_567, "#,##0,", "1,235"),
        (1_234_567, '0.0,,"M"', "1.2M"),
        (5_551_234_567, "(000) 000-0000", "(555) 123-4567"),
        (7, "000", "007"),
        (12.0, "0.##", "12"),
        (0.5, "0.##", "0.5"),
        (0.000123, "0.00E+00", "1.23E-04"),
        (99_999, "0.0E+0", "1.0E+5"),
        (12_345, "##0.0E+0", "12.3E+3"),
        (150, '[>100]"much";0', "much"),
        (50, '[>100]"much";0', "50"),
        (3, r'0" pcs"\!', "3 pcs!"),
        (5, r"\1\.0#", "1.05"),
    ],
)
def test_numbers_are_written_as_their_format_shows_them(value: float, code: str, words: str) -> None:
    assert number_format(code).words(value) == words


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (DAY, "dd.mm.yyyy", "2024-03-01"),
        (DAY, "m/d/yy;@", "2024-03-01"),
        (DAY, "mm/yyyy", "2024-03"),
        (DAY, "yyyy", "2024"),
        (DAY, "mmm yyyy", "Mar 2024"),
        (DAY, "dddd, d mmmm yyyy", "Friday, 1 March 2024"),
        (DAY, "[$-407]d. mmm yyyy", "2024-03-01"),
        (DAY, "[$-F800]dddd, mmmm dd, yyyy", "2024-03-01"),
        (MOMENT, "d/m/yy h:mm", "2024-03-01 14:05"),
        (MOMENT, "yyyy-mm-dd", "2024-03-01"),
        (datetime.datetime(2024, 3, 1), "yyyy-mm-dd h:mm", "2024-03-01 00:00"),
        (MOMENT, "h:mm AM/PM", "2:05 PM"),
        (MOMENT, "h:mm:ss", "14:05:10"),
        (MOMENT, "mm:ss.0", "05:09.5"),
        (datetime.time(0, 30), "h:mm AM/PM", "12:30 AM"),
        (datetime.timedelta(hours=26, minutes=5), "[h]:mm", "26:05"),
        (datetime.timedelta(minutes=61, seconds=3), "[mm]:ss", "61:03"),
    ],
)
def test_days_and_times_are_as_precise_as_their_format(value: object, code: str, words: str) -> None:
    assert number_format(code).words(value) == words


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.5, "# ?/?"),
        (3, 'General" pcs"'),
        (float("nan"), "0"),
        (1e30, "0.00"),
        (999_999_999_999_999_999_999.0, "0.000000000000000"),
        (DAY, "0.00"),
        (12, "yyyy"),
        (datetime.time(12), "yyyy"),
        (True, "0%"),
        ("text", "0%"),
        (1.5, "General"),
        (1.5, "@"),
    ],
)
def test_what_a_format_does_not_say_is_left_as_it_is(value: object, code: str) -> None:
    assert number_format(code).words(value) is None


@given(
    st.text(alphabet='0#?.,%E+-/;[]$€"\\_*@ yMdhsaPm>1', max_size=20),
    st.one_of(
        st.floats(),
        st.integers(),
        st.datetimes(),
        st.dates(),
        st.times(),
        st.timedeltas(),
        st.text(max_size=3),
    ),
)
def test_no_format_breaks_the_reader(code: str, value: object) -> None:
    words = number_format(code).words(value)
    assert words is None or words == words.strip()


@given(st.floats(-1e9, 1e9), st.sampled_from(["0.00", "#,##0.00", "0.00%", "0.00E+00"]))
def test_shown_numbers_are_the_values_but_for_their_precision(value: float, code: str) -> None:
    words = number_format(code).words(value)
    assert words is not None
    shown = float(words.rstrip("%").replace(",", "")) / (100 if "%" in code else 1)
    assert shown == pytest.approx(
        value, rel=0.0051 if "E" in code else 1e-12, abs=0 if "E" in code else 0.00501
    )


def test_built_in_formats_are_understood() -> None:
    for code in BUILT_IN.values():
        assert any(number_format(code).words(value) for value in (1234.5, MOMENT)), code
