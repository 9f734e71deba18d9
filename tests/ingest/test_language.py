"""The language of a document is told from its words; what its file says counts where they are too few."""

from __future__ import annotations

import pytest

from ingest.language import language_of

ENGLISH = "Employees must book all travel at least 14 days before departure."
GERMAN = "Die Mitarbeiter müssen alle Reisen spätestens vierzehn Tage vorher buchen."


@pytest.mark.parametrize(
    ("text", "told", "language"),
    [
        (ENGLISH, "", "en"),
        (GERMAN, "", "de"),
        ("Il n'est pas permis de fumer dans le laboratoire.", "", "fr"),
        ("Los empleados deben reservar todos los viajes con antelación.", "", "es"),
        ("従業員は出張の十四日前までに予約しなければならない。例外は上司が承認する。", "", "ja"),
        (GERMAN, "en-US", "de"),  # a template's own language
        ("OK", "de-CH", "de"),
        ("OK", "", ""),
        ("OK", "German", ""),
        ("OK", None, ""),
        ("12 | 34 | 5 EUR", "", ""),
        ("", "", ""),
    ],
)
def test_language_is_that_of_the_words(text: str, told: object, language: str) -> None:
    assert language_of(text, told) == language


def test_code_and_addresses_are_no_words() -> None:
    code = "```python\nfor item in the_list: return item if item is not None else default\n```\n"
    assert (
        language_of(f"{code * 20}{GERMAN} https://example.org/in/english/words/about/travel/booking") == "de"
    )


def test_long_text_is_told_from_its_beginning_middle_and_end() -> None:
    assert language_of(f"{ENGLISH}\n" + f"{GERMAN}\n" * 400) == "de"
