"""What says nothing: copied headings, stammering, and the question said again."""

from __future__ import annotations

import pytest

from kb.rag.filler import ends_in_loop, without_place
from kb.rag.support import check_sentence
from kb.rag.types import Passage

TEXT = "Interns receive 15 days of paid leave. Leave is requested in Wayfarer."
SHOWN = [
    Passage(1, 1, 1, "HR Links", 1, TEXT, 0, len(TEXT), heading_path=("Using leave", "6. Get reimbursed"))
]


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("travel-tips-tips-tips-tips-tips-tips", True),
        ("the clients of the clients of the clients of the clients of the clients of the clients of ", True),
        ("| --- | --- | --- | --- | --- | --- | --- |", False),
        ("1000000000000000000000000000 EUR", False),
        ("Rows of rows of rows are no loop yet.", False),
    ],
)
def test_loops_are_told_from_sentences(text: str, loops: bool) -> None:
    assert ends_in_loop(text) == loops


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("HR Links", ""),
        ("HR Links > Using leave", ""),
        ("**Using leave** > Using leave > HR Links", ""),
        ("HR Links > Using leave > 6.", ""),
        ("HR Links > Using leave Interns receive 15 days.", "Interns receive 15 days."),
        ("HR Links is a tool.", "HR Links is a tool."),
        ("Click File > Export to save it.", "Click File > Export to save it."),
        ("", ""),
    ],
)
def test_copied_headings_are_taken_away(text: str, left: str) -> None:
    assert without_place(text, SHOWN) == left


@pytest.mark.parametrize(
    ("question", "sentence", "reason"),
    [
        ("How much leave do interns receive?", "Interns receive paid leave.", ""),
        ("How much paid leave do interns receive?", "Interns receive paid leave.", "no_claim"),
        ("How much paid leave do interns receive?", "Interns receive 15 days of paid leave.", ""),
        ("Do interns receive paid leave?", "Interns receive paid leave.", ""),
        ("Where is leave requested?", "Leave", "no_claim"),
        ("Where is leave requested?", "Wayfarer.", ""),
    ],
)
def test_question_said_again_is_no_answer(question: str, sentence: str, reason: str) -> None:
    verdict = check_sentence(sentence, [1], SHOWN, question=question)
    assert (verdict.supported, verdict.reason) == (not reason, reason)
