"""A year proves what stands beside it or below it, and not what another part of the passage says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

PARTS = """## Until 2023

The mileage allowance is 30 cents per kilometre.

## From 2024

The mileage allowance is 38 cents per kilometre.
"""
TOMBOLA = "The tombola is part of the fair. In 2023 the tombola raised 800 euros. In 2024 950."
DATED = "The fair took place in 2022.\n\nThe tombola raised 800 euros on 3 May."


@pytest.mark.parametrize(
    ("source", "sentence", "supported"),
    [
        (PARTS, "In 2024 the mileage allowance is 30 cents per kilometre.", False),
        (PARTS, "In 2023 the mileage allowance is 38 cents per kilometre.", False),
        (PARTS, "From 2024 the mileage allowance is 38 cents per kilometre.", True),
        (TOMBOLA, "The tombola raised 800 euros in 2024.", False),
        (TOMBOLA, "In 2023 the tombola raised 800 euros.", True),
        (
            "- 2023: the tombola raised 800 euros\n- 2024: the tombola raised 950 euros",
            "In 2024 the tombola raised 800 euros.",
            False,
        ),
        (DATED, "The tombola raised 800 euros on 3 May 2022.", True),
        (f"{DATED}\n\n## In 2024\n\nThe hall is closed.", "The tombola raised 800 euros in 2024.", False),
        (
            "The fair took place in 2022. The tombola raised 800 euros.\n\nThe hall was built in 1990.",
            "In 1990 the tombola raised 800 euros.",
            False,
        ),
        (
            "The fair took place in 2022. The tombola raised 800 euros.\n\nThe hall was built in 1990.",
            "In 2022 the tombola raised 800 euros.",
            True,
        ),
    ],
)
def test_year_belongs_to_its_part(source: str, sentence: str, supported: bool) -> None:
    assert check_sentence(sentence, [], [passage(source)]).supported is supported


def test_title_gives_the_year_where_the_statement_has_none() -> None:
    shown = [replace(passage("The tombola raised 800 euros."), document_title="Report 2022")]
    assert check_sentence("In 2022 the tombola raised 800 euros.", [], shown).supported
    own = [replace(passage("In 2021 the tombola raised 800 euros."), document_title="Report 2022")]
    assert not check_sentence("In 2022 the tombola raised 800 euros.", [], own).supported
