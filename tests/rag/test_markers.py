"""Citation markers as models write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.markers import keep_shown, marker_numbers, remove_unknown, strip_markers


@pytest.mark.parametrize(
    ("text", "numbers", "stripped"),
    [
        ("By Friday [1].", (1,), "By Friday."),
        ("By Friday.[1][2]", (1, 2), "By Friday."),
        ("By Friday [1, 2].", (1, 2), "By Friday."),
        ("By Friday [2-4].", (2, 3, 4), "By Friday."),
        ("By Friday [3, 1 and 2].", (3, 1, 2), "By Friday."),
        ("By Friday [^1].", (1,), "By Friday."),
        ("By Friday \u30102\u2020source\u3011.", (2,), "By Friday."),
        ("By Friday (Source 1).", (1,), "By Friday."),
        ("By Friday [Passage 2, Passage 3].", (2, 3), "By Friday."),
        ("By Friday [Source: 4].", (4,), "By Friday."),
        ("By Friday [1](https://evil.example/x).", (1,), "By Friday."),
        ("Twice [1] and again [1].", (1,), "Twice and again."),
        ("Use [1] Concur", (1,), "Use Concur"),
    ],
)
def test_forms_that_models_write_are_read_and_removed(
    text: str, numbers: tuple[int, ...], stripped: str
) -> None:
    assert marker_numbers(text) == numbers
    assert strip_markers(text) == stripped


@pytest.mark.parametrize(
    "text", ["in [2026]", "[link](x)", "(see page 3)", "[a]", "f(1)", "[ ] todo", "[1.5]", "(1)", "array[i]"]
)
def test_other_brackets_are_text(text: str) -> None:
    assert marker_numbers(text) == ()
    assert strip_markers(text) == text


def test_markers_of_passages_that_were_not_shown_are_removed_and_counted() -> None:
    """Case 20."""
    assert keep_shown((1, 7, 2), {1, 2}) == ((1, 2), 1)
    assert remove_unknown("By Friday [1][7]. Next [9].", {1}) == ("By Friday [1]. Next.", 2)
    assert remove_unknown("By Friday [1, 8].", ()) == ("By Friday.", 2)


@given(st.text(alphabet="ab [](),123^-Source\u3010\u3011\n", max_size=80))
def test_stripping_leaves_nothing_to_strip_but_nested_leftovers(text: str) -> None:
    stripped = strip_markers(text)
    assert len(stripped) <= len(text)
    assert [c for c in stripped if c in "ab"] == [c for c in text if c in "ab"]


@given(st.text(alphabet="ab [](),123.", max_size=60), st.sets(st.integers(1, 3)))
def test_only_shown_passages_stay_named(text: str, shown: set[int]) -> None:
    kept, removed = remove_unknown(text, shown)
    assert removed >= 0
    if not removed:
        assert set(marker_numbers(kept)) >= set(marker_numbers(text))
    if not shown:
        assert kept.count("[") <= text.count("[")
