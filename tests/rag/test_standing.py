"""What a source reports, plans, rejects, excepts or tells of the past proves no sentence of the present."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

MYTH = "It is a myth that guests may enter the clean room alone."
CLAIMED = "For example, a guest could claim that the director allowed smoking in the lab."
REJECTED = "The draft proposed a fee of 120 euros for lockers, but the board rejected it."
OTHERWISE = "The director is called at once, otherwise the samples are destroyed."
TERRACE = "Smoking is forbidden everywhere except on the roof terrace."
SUNDAYS = "Until 2022 the laboratory was open on Sundays."


@pytest.mark.parametrize(
    ("source", "sentence", "reason"),
    [
        (MYTH, "Guests may enter the clean room alone.", "not_a_fact_in_source"),
        (MYTH, MYTH, ""),
        (CLAIMED, "The director allowed smoking in the lab.", "not_a_fact_in_source"),
        (REJECTED, "The draft proposed a fee of 120 euros for lockers, but the board rejected it.", ""),
        (OTHERWISE, "The samples are destroyed.", "not_a_fact_in_source"),
        (TERRACE, "Smoking is forbidden on the roof terrace.", "negation_differs"),
        (TERRACE, "Smoking is forbidden everywhere except on the roof terrace.", ""),
        (
            "Smoking is usual everywhere apart from the terrace.",
            "Smoking is usual on the terrace.",
            "exception_in_source",
        ),
        (SUNDAYS, "The laboratory is open on Sundays.", "past_in_source"),
        (SUNDAYS, "The laboratory was open on Sundays until 2022.", ""),
        ("The canteen is open until 15:00.", "The canteen is open until 15:00.", ""),
    ],
)
def test_sentence_stands_as_its_source_does(source: str, sentence: str, reason: str) -> None:
    verdict = check_sentence(sentence, [], [passage(source)])
    assert (verdict.supported, verdict.reason) == (not reason, reason)


def test_plan_that_was_rejected_is_not_shown_as_fact() -> None:
    assert not check_sentence("The fee for lockers is 120 euros.", [], [passage(REJECTED)]).supported
