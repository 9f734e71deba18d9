"""A fragment whose heading carries the yes or no is quoted from that heading on, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.rag.extract import best_quotes
from kb.rag.types import Passage
from tests.rag.corpus import passage

ASKED = "Can I take pocket knives on board?"


def quoted(text: str, question: str = ASKED) -> list[str]:
    return [quote.quote for quote in best_quotes(question, [passage(text)])]


def below(heading: str, text: str = "- Scissors\n- Pocket knives") -> list[Passage]:
    return [replace(passage(text), heading_path=("Flying", heading))]


@pytest.mark.parametrize(
    "heading",
    [
        "Not allowed on board",
        "Prohibited",
        "Allowed on board",
        "You must not bring",
        "Exceptions",
        "Verboten",
    ],
)
def test_item_is_quoted_from_the_heading_that_says_yes_or_no(heading: str) -> None:
    [quote] = quoted(f"# Flying\n\nWelcome.\n\n## {heading}\n\n- Scissors\n- Pocket knives\n- Lighters")
    assert quote == f"## {heading}\n\n- Scissors\n- Pocket knives\n- Lighters"


def test_fragment_that_is_no_item_is_quoted_from_its_heading_too() -> None:
    text = "## Not allowed on board\n\nPocket knives."
    assert quoted(text) == [text]


def test_outer_heading_counts_too() -> None:
    text = "## Not allowed on board\n\n### In the cabin\n\n- Pocket knives"
    assert quoted(text) == [text]


def test_item_is_left_out_where_the_heading_that_denies_it_is_far_or_not_shown() -> None:
    many = "\n".join(f"- Thing number {number} of a long list" for number in range(60))
    assert not quoted(f"## Not allowed on board\n\n{many}\n- Pocket knives")
    assert not best_quotes(ASKED, below("Not allowed on board"))
    assert not best_quotes(
        ASKED, below("Exclusions on board", "| Thing | Size |\n|---|---|\n| Pocket knives | any |")
    )


def test_item_below_a_heading_that_grants_is_quoted_though_the_heading_is_not_shown() -> None:
    [quote] = best_quotes(ASKED, below("Allowed on board"))
    assert quote.quote == "Pocket knives"


def test_sentence_below_a_heading_that_calls_it_false_is_quoted_from_there() -> None:
    text = "## Myths\n\n- Pocket knives are allowed on board."
    assert quoted(text) == [text]


def test_sentence_and_item_of_a_sentence_speak_for_themselves() -> None:
    text = "## Not allowed on board\n\n- You must hand in pocket knives before you go on board.\n- Lighters"
    assert quoted(text) == ["You must hand in pocket knives before you go on board."]
    listed = "## Not allowed on board\n\nYou may not take:\n\n- pocket knives"
    assert quoted(listed) == ["You may not take:\n\n- pocket knives"]


def test_heading_without_a_side_adds_nothing() -> None:
    assert quoted("## On board\n\n- Pocket knives for the galley") == ["Pocket knives for the galley"]
    text = "## Not allowed on board\n\n- Scissors\n\n## For the galley on board\n\n- Pocket knives"
    assert quoted(text) == ["Pocket knives"]
