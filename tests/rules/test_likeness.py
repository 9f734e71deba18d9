"""Words of a rule that are written so that a pattern would not know them."""

from __future__ import annotations

import pytest

from kb.rules.conditions import compile_condition


@pytest.mark.parametrize(
    "text",
    [
        "Where is the st\u0430pler cabinet?", "Where is the s\u0442apler cabinet?",
        "the st\u0101pler cabinet",
        "the sta&#112;ler cabinet", "the **sta**pler cabinet", "the sta&shy;pler cabinet",
        "the sta\\-pler cabinet",
        "the sta\ufe0fpler cabinet", "the s-t-a-p-l-e-r cabinet", "the s t a p l e r cabinet",
    ],
)  # fmt: skip
def test_words_count_as_they_look(text: str) -> None:
    condition = compile_condition(["stapler cabinet"], [])
    assert condition.cause(text) == "stapler cabinet"
    assert condition.cause(text.replace("cabinet", "drawer")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Which h0tel?",
        "H0TE1S",
        "h 0 t e l",
        "h  o  t  e  l",
        "ho-tel",
        "h.o.t.e.l",
        "h,o,t,e,l",
        "h|o|t|e|l",
        "h0t€l!",
    ],
)
def test_figures_and_signs_count_as_the_letters_that_they_stand_for(text: str) -> None:
    assert compile_condition(["hotel"], []).cause(text) == "hotel"


def test_numbers_and_names_with_figures_are_no_other_words() -> None:
    condition = compile_condition(["hotel", "salary", "all"], [])
    for text in ("MP3 and S3 on the 2nd", "room 101", "h264!", "H2O", "hot 1", "A4 or a3"):
        assert condition.cause(text) is None


def test_phrase_with_accents_is_found_without_them_and_one_of_another_alphabet_as_it_is() -> None:
    assert compile_condition(["caf\u00e9"], []).cause("Where is the cafe?") == "caf\u00e9"
    assert compile_condition(["\u0437\u0430\u0440\u043f\u043b\u0430\u0442\u0430"], []).cause(
        "\u0413\u0434\u0435 \u0437\u0430\u0440\u043f\u043b\u0430\u0442\u0430?"
    )
    assert compile_condition(["plan b"], []).cause("a b c d and e") is None


def test_expressions_and_unspaced_phrases_are_held_against_what_is_read() -> None:
    assert compile_condition([], [r"code ?name"]).cause("the c&#111;de **name**") == "pattern"
    assert compile_condition(["\u6a5f\u5bc6"], []).cause("\u6a5f&#23494;") == "\u6a5f\u5bc6"
