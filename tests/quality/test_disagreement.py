"""Measuring what is told of sources that disagree; an older handbook beside the present one is told of."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from kb.quality.disagreement import alarms, is_found, planted, with_other_value
from kb.rag.disagreement import find_disagreements
from kb.rag.types import Passage

# Pages of the handbook now and in 2019, of which a value changed, and what both say.
CHANGED = [
    (
        "general-information-and-resources/washington-dc.md",
        "locations/washington-dc.md",
        "number",
        {"6400", "3100"},
    ),
    ("18f/chapters/product.md", "business-units/18f/chapters/product.md", "time", {"11:30am", "10:30am"}),
]


def passage(n: int, text: str, title: str = "Travel") -> Passage:
    return Passage(n, n, n, title, 1, text, 0, len(text))


def test_changed_copy_differs_in_one_value_and_is_found() -> None:
    one = passage(1, "Flights must be booked at least 14 days before departure. Hotels are booked in Concur.")
    changed = with_other_value(one, random.Random(0))
    assert changed is not None
    kind, copy = changed
    assert kind == "duration" and copy.text != one.text
    assert re.sub(r"\d+", "N", copy.text) == re.sub(r"\d+", "N", one.text)
    assert is_found(one, copy, [one])


@pytest.mark.parametrize(
    "text",
    [
        "Hotels are booked in Concur.",
        "See [the memo](https://example.org/14/days).",
        "Call 555-0123-99 for help.",
    ],
)
def test_passage_without_a_value_gets_no_copy(text: str) -> None:
    assert with_other_value(passage(1, text), random.Random(0)) is None


def test_shares_count_questions_and_planted_values() -> None:
    agreeing = [passage(1, "Flights must be booked at least 14 days before departure.")]
    disagreeing = [*agreeing, passage(2, "Flights must be booked at least 21 days before departure.")]
    question = "How many days before departure must flights be booked?"
    figures = alarms([(question, agreeing), (question, disagreeing)])
    assert (figures["questions"], figures["told"], figures["found_at_all"]) == (2, 0.5, 1)
    [statement] = figures["statements"]
    assert statement["kind"] == "duration" and len(statement["said"]) == 2
    assert planted([(question, agreeing)], random.Random(0))["found"] == 1.0


def test_disagreement_beside_the_question_is_not_told() -> None:
    pair = [
        passage(n, f"Flights must be booked at least {days} days before departure.")
        for n, days in ((1, 14), (2, 21))
    ]
    assert alarms([("Who runs the canteen?", pair)])["told"] == 0.0


@pytest.mark.eval_data
@pytest.mark.parametrize(("present", "older", "kind", "values"), CHANGED)
def test_older_page_of_the_handbook_disagrees_with_the_present_one(
    eval_data: Path, present: str, older: str, kind: str, values: set[str]
) -> None:
    handbook = eval_data / "tts-handbook"
    paths = [handbook / "docs_noheads" / present, handbook / "docs_2019_snapshot" / older]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        pytest.skip(f"No {missing[0]}")
    [found] = find_disagreements([passage(n, path.read_text()) for n, path in enumerate(paths, start=1)])
    assert found.kind == kind and {side.value for side in found.sides} == values
