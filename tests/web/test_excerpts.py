"""Quotations as the source cards show them."""

from __future__ import annotations

import pytest

from kb.chat.excerpts import excerpt_of, readable, without_headings

TABLE = "Leave:\n\n| Years | Days |\n|---|---|\n| Under 5 | 25 |\n| 5 to 9 | 27 |\n\nAfter."


def test_quote_keeps_its_paragraph_around_it() -> None:
    text = "Before.\n\nAsk in **Harbour**. Leave is approved by your manager, always. Remind them.\n\nAfter."
    found = excerpt_of(text, "Leave is approved by your manager")
    assert found.before + found.quote + found.after == (
        "Ask in Harbour. Leave is approved by your manager, always. Remind them."
    )


def test_long_paragraph_is_cut_between_words() -> None:
    text = "word " * 100 + "THE QUOTE" + " word" * 100
    found = excerpt_of(text, "THE QUOTE")
    assert found.before.startswith("… word") and len(found.before) < 130
    assert found.after.endswith("word …") and len(found.after) < 130


def test_row_of_a_table_is_shown_with_the_head_of_its_columns() -> None:
    found = excerpt_of(TABLE, "| 5 to 9 | 27 |")
    assert (found.before, found.quote, found.after) == ("Years · Days: ", "5 to 9 · 27", "")


def test_quote_that_its_passage_no_longer_holds_stands_alone() -> None:
    assert excerpt_of("", "Some *words*") == excerpt_of("Something else", "Some *words*")


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("## Annual **leave**\n- one\n- `two`", "Annual leave one two"),
        ("See [the policy](https://x.example/a) ![logo](x.png)", "See the policy logo"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("*stressed*, and a|b", "stressed, and a|b"),
        ("| A | B |\n|:--|--:|\n| 1 | 2 |", "A · B; 1 · 2"),
        ("> quoted\n> words", "quoted words"),
    ],
)
def test_readable_text_has_no_marks_of_markdown(markdown: str, words: str) -> None:
    assert readable(markdown) == words


def test_headings_at_the_start_are_left_out() -> None:
    assert without_headings("# A\n\n## B\n\nText\n## C") == "Text\n## C"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("unit", ["|", "[", "# ", "*", "![](", "[a](", "\n|", "`", "# \n"])
def test_pathological_markdown_takes_linear_time(unit: str) -> None:
    """case 29: quadratic time would be minutes."""
    text = unit * (400_000 // len(unit))
    assert len(readable(text)) <= len(text) * 2
    assert len(without_headings(text)) <= len(text)
