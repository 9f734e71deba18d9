"""A question presumes things: its names, and that the answer is of the kind that it asks for."""

from __future__ import annotations

import pytest

from kb.rag.presumed import misses, unknown_names
from tests.rag.corpus import passage

EXPENSES = [
    passage(
        "Expenses are entered in Tempo. The Finance Team Oslo in Bergen pays them.",
        title="Expenses at Nordlicht",
    )
]


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("How do I submit an expense in Deel?", ("Deel",)),
        ("How do I submit an expense in Tempo?", ()),
        ("How do I submit an expense in tempo?", ()),
        ("What does the finance team of Nordlicht do?", ()),  # the title has it
        ("How do I submit an expense in Tempoo?", ()),  # mistyped
        ("Deel is not working, what now?", ()),  # it may have its capital from where it stands
        ("How can I say that I'm not there?", ()),
        ("What does the NFT do?", ("NFT",)),
        ("What does the FTO do?", ()),  # Finance Team Oslo
        ("What do the Norwegians and the English do?", ()),
        ("What information goes to Legal for a Customer MSA?", ("Legal", "Customer MSA")),
        ("How Do I Submit An Expense In Deel Today?", ()),  # title case
        ("HOW DO I SUBMIT AN EXPENSE IN DEEL?", ()),
        ("Wie reiche ich die Ausgaben für das Team in der Kantine ein?", ()),  # nouns have capitals in German
    ],
)
def test_names_that_no_passage_mentions_are_unknown(question: str, unknown: tuple[str, ...]) -> None:
    assert unknown_names(question, EXPENSES) == unknown


def test_without_passages_nothing_is_unknown() -> None:
    assert unknown_names("Who is Anna Meier?", []) == ()


@pytest.mark.parametrize(
    ("question", "shown", "lacks"),
    [
        ("In what year did King Hugo die?", "The gate of King Hugo was haunted by his ghost.", "no_year"),
        ("In what year did Hutton publish it?", "Hutton published his theory in 1795.", ""),
        ("When did Woodriff visit New South Wales?", "They came under Captain Woodriff.", "no_time"),
        ("When did Woodriff visit New South Wales?", "Woodriff visited New South Wales in October 1803.", ""),
        ("When was Zhu born?", "Zhu (1249-1314) was a scholar.", ""),
        ("When was it built?", "It was built after the war.", ""),
        ("When do I get paid?", "Salaries come with the payslip.", ""),
        ("How many stages does the engine use?", "The engine expands the steam in stages.", "no_number"),
        ("How many stages does the engine use?", "The engine expands the steam in three stages.", ""),
        ("How many guests may I bring?", "Guests are not allowed; bring none.", ""),
        ("Which leaders did they not attack?", "They attacked leaders who had strayed.", "no_denial"),
        ("What may I not store on a USB stick?", "Never store customer data on a USB stick.", ""),
        ("How do I tell others that I'm not working?", "Set a status in the chat.", ""),
        ("What was he contracted to develop in 2011?", "In 1955 he developed a plan.", "other_year"),
        ("What is the last line of defence?", "The first line of defence is the skin.", "other_side"),
        ("Is smoking allowed?", "Smoking is forbidden.", ""),
        ("What is the minimum stay?", "The maximum stay is ten nights.", "other_side"),
        ("What is the minimum stay?", "The minimum stay is two nights, the maximum ten.", ""),
    ],
)  # fmt: skip
def test_what_is_shown_is_of_the_kind_that_was_asked_for(question: str, shown: str, lacks: str) -> None:
    assert misses(question, [shown]) == lacks


@pytest.mark.parametrize(
    ("question", "above", "lacks"),
    [
        ("How many exits has building 3?", ["Building 4"], "other_number"),
        ("How many exits has building 3?", ["Building 3"], ""),
        ("How many exits has building 3?", ["Building 3", "Building 4"], ""),
        ("How many exits has building 3?", ["Buildings", "3. Exits"], ""),
        ("Must flights be booked 14 days before?", ["Flights"], ""),
        ("What was the price in 2024?", ["Price list 2025"], ""),
    ],
)
def test_another_number_in_the_title_is_no_answer(question: str, above: list[str], lacks: str) -> None:
    assert misses(question, ["Flights are booked 21 days before. It has 7 exits."], above) == lacks
