"""Follow-up questions made to stand alone."""

from __future__ import annotations

import pytest

from kb.rag.followup import standalone_question

FIRST = "Can I book outside of Concur?"


@pytest.mark.parametrize(
    "question",
    [
        "and what about hotels?",
        "What about hotels?",
        "How about trains",
        "Or by car?",
        "Is it allowed?",
        "Who approves it?",
        "Why?",
        "Does that apply to interns?",
        "for interns?",
        "And the deadline?",
        "Who is responsible?",
        "What are they?",
    ],
)
def test_a_follow_up_is_put_behind_the_question_that_it_follows(question: str) -> None:
    assert standalone_question(question, [FIRST]) == f"{FIRST} \u2014 {question}"


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do interns get?",
        "Is it possible to expense a taxi?",
        "What is Concur?",
        "What is HR-017?",
        "Thanks!",
        "What is the policy that applies to pets?",
        "What is our policy for sick leave and how do I report it to my manager?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert standalone_question(question, [FIRST]) == question


def test_the_last_question_that_stood_alone_is_taken() -> None:
    joined = standalone_question("and hotels?", [FIRST])
    assert standalone_question("and trains?", [FIRST, joined, "thanks"]) == f"{FIRST} \u2014 and trains?"
    assert (
        standalone_question("and trains?", ["How much is parking?", FIRST]) == f"{FIRST} \u2014 and trains?"
    )


@pytest.mark.parametrize("previous", [[], ["Why?"], ["hello"]])
def test_without_a_question_before_it_nothing_is_added(previous: list[str]) -> None:
    assert standalone_question("and hotels?", previous) == "and hotels?"


def test_the_length_is_bounded() -> None:
    long = "How do I file " + "very " * 300 + "long reports?"
    joined = standalone_question("and hotels?", [long])
    assert len(joined) <= 500
    assert joined.startswith("How do I file") and joined.endswith("\u2014 and hotels?")
    assert standalone_question("why " * 400, [FIRST]) == "why " * 400
