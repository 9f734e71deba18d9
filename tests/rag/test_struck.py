"""What is struck out, and what stands behind an empty box, is no fact; the words beside it are."""

from __future__ import annotations

import pytest

from kb.rag.extract import best_quotes
from kb.rag.statements import statements_of
from kb.rag.struck import struck_spans, without_struck
from kb.rag.support import check_sentence
from tests.rag.corpus import passage

TASKS = "# Party\n\n- [ ] Vegan menu approved by the kitchen\n- [x] Hall booked for the party"


@pytest.mark.parametrize(
    "start",
    [
        "~~11:00~~ 12:00",
        "<del>11:00</del> 12:00",
        "<s>11:00</s> 12:00",
        "<strike id='x'>11:00</strike> 12:00",
    ],
)
def test_struck_words_prove_nothing_and_the_others_do(start: str) -> None:
    shown = [passage(f"The gates of the fair open at {start} on the first day.")]
    assert not check_sentence("The gates of the fair open at 11:00 on the first day.", [], shown).supported
    assert check_sentence("The gates of the fair open at 12:00 on the first day.", [], shown).supported
    repeated = f"The gates of the fair open at {start} on the first day."
    assert check_sentence(repeated, [], shown).supported


STRUCK_WHOLE = (
    "Children pay at the gate. ~~Dogs are welcome in the hall. The hall has heated floors.~~ "
    "Bring a coat to the fair."
)


@pytest.mark.parametrize("sentence", ["Dogs are welcome in the hall.", "The hall has heated floors."])
def test_struck_sentences_are_neither_proof_nor_quotation(sentence: str) -> None:
    shown = [passage(STRUCK_WHOLE)]
    assert not check_sentence(sentence, [], shown).supported
    quotes = best_quotes("Are dogs welcome in the hall with heated floors?", shown)
    assert not any("Dogs" in quote.quote or "heated" in quote.quote for quote in quotes)
    assert check_sentence("Children pay at the gate.", [], shown).supported
    assert check_sentence("Bring a coat to the fair.", [], shown).supported


def test_struck_item_is_not_quoted_with_its_list_unless_it_is_seen_to_be_struck() -> None:
    shown = [passage("At the fair you can buy:\n\n- juice\n- ~~beer. Also wine~~\n- tea")]
    for quote in best_quotes("What can you buy at the fair?", shown):
        assert quote.quote.count("~~") in (0, 2)


def test_unticked_item_is_no_fact() -> None:
    shown = [passage(TASKS)]
    assert not check_sentence("The vegan menu is approved by the kitchen.", [], shown).supported
    assert not check_sentence("Vegan menu approved by the kitchen", [], shown).supported
    assert check_sentence("Hall booked for the party", [], shown).supported
    assert not best_quotes("Is the vegan menu approved by the kitchen?", shown)


def test_what_hangs_on_an_unticked_item_is_no_fact_either() -> None:
    shown = [passage("- [ ] Menu\n  - Vegan dishes tasted by the kitchen\n  - [x] Cook hired by the kitchen")]
    assert not check_sentence("Vegan dishes tasted by the kitchen", [], shown).supported
    assert check_sentence("Cook hired by the kitchen", [], shown).supported


def test_list_of_tasks_is_quoted_with_its_boxes() -> None:
    shown = [passage("Before the party the kitchen must see to:\n\n- [ ] the vegan menu\n- [x] the hall")]
    [quote] = best_quotes("What must the kitchen see to before the party?", shown)
    assert "[ ] the vegan menu" in quote.quote
    assert [item.is_open for item in statements_of(shown[0])] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a ~~b~~ c", "a   c"),
        ("about ~~ 5 and ~~ 6", "about ~~ 5 and ~~ 6"),
        ("~5 to ~6", "~5 to ~6"),
        ("~~a\n\nb~~", "~~a\n\nb~~"),
        ("<small>a</small> <del>b", "<small>a</small> <del>b"),
        ("~~~\ncode\n~~~", "~~~\ncode\n~~~"),
    ],
)
def test_only_closed_signs_strike(text: str, left: str) -> None:
    assert without_struck(text) == left


def test_hostile_openings_cost_no_more_than_their_length() -> None:
    assert struck_spans("~~a " * 50_000) == ()
    assert struck_spans("<del>a</" * 50_000) == ()
