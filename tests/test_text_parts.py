"""Long texts in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text_parts import parts_of


@given(st.text(alphabet="ab \n", max_size=300), st.integers(2, 50))
def test_parts_cover_the_text_and_none_is_too_long(text: str, most: int) -> None:
    parts = list(parts_of(text, most))
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(0 < end - start <= most for start, end in parts)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one two\n\nthree\nfour five", "one two\n\n"),
        ("one two\nthree four five", "one two\n"),
        ("one two three four five", "one two "),
        ("onetwothreefourfive", "onetwothre"),
    ],
)
def test_a_part_ends_behind_a_paragraph_a_line_or_a_word(text: str, first: str) -> None:
    start, end = next(parts_of(text, 10))
    assert text[start:end] == first
