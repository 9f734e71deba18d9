"""Quotes as answers, and the decision to be silent."""

from __future__ import annotations

import pytest

from kb.rag.extract import answering, best_quotes, relevance
from tests.rag.corpus import passage, passages


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (
            "How many days of leave do interns get?",
            "Interns receive 15 days of paid annual leave per calendar year.",
        ),
        (
            "When do I report a lost device?",
            "Lost devices must be reported to security@nordlicht.example within 2 hours.",
        ),
        ("Are dogs allowed?", "Dogs are welcome on the second floor, but not in the canteen."),
        (
            "How many quotations for orders above 10,000 EUR?",
            "Three quotations are required for orders above 10,000 EUR.",
        ),
    ],
)
def test_the_sentence_that_answers_comes_first(question: str, quote: str) -> None:
    shown = passages()
    first = best_quotes(question, shown)[0]
    assert first.quote == quote
    source = shown[first.n - 1]
    assert source.text[first.start - source.start : first.end - source.start] == quote


def test_an_opening_is_quoted_with_its_list() -> None:
    [quote, *_] = best_quotes("What is forbidden with software and USB sticks and cloud storage?", passages())
    assert quote.quote.startswith("You may not:") and "USB sticks" in quote.quote


def test_a_row_is_quoted_with_its_header() -> None:
    [quote, *_] = best_quotes("What is the hotel limit in Paris?", passages())
    assert quote.quote.startswith("| City |") and "| Paris | 15 EUR | 180 EUR |" in quote.quote


def test_a_sentence_that_points_back_is_quoted_with_the_one_before() -> None:
    shown = [passage("Anna Meier leads the desk. She approves flights. Lunch is at noon.")]
    assert [q.quote for q in best_quotes("Who approves flights?", shown)] == [
        "Anna Meier leads the desk. She approves flights."
    ]


def test_quotes_are_few_apart_and_on_the_question() -> None:
    quotes = best_quotes("How many days of leave do interns and employees get?", passages(), limit=2)
    assert 0 < len(quotes) <= 2
    assert not best_quotes("What does the moon weigh?", passages())
    assert not best_quotes("", passages())
    assert not best_quotes("Who approves?", [])


def test_relevance_tells_an_answer_from_another_truth() -> None:
    shown = passages()
    asked = "How many days of leave do interns get?"
    [answer, *_] = best_quotes(asked, shown)
    [other, *_] = best_quotes("How much is parking?", shown)
    assert relevance(asked, answer, shown) > 0.6 > 0.3 > relevance(asked, other, shown)


def test_an_answer_is_told_from_another_truth() -> None:
    shown = passages()
    asked = "How many days of leave do interns get?"
    [answer, *_] = best_quotes(asked, shown)
    [other, *_] = best_quotes("How much is parking?", shown)
    assert answering(asked, answer, shown) > 0.6 > 0.3 > answering(asked, other, shown)


def test_statement_that_says_it_in_other_words_is_found_by_its_vector() -> None:
    shown = [
        passage(
            "Good teams look after the health of finance tools. The indicator of stability is cost recovery."
        )
    ]
    asked = "What does good financial health look like?"
    by_words = best_quotes(asked, shown, 1)[0]
    nearness = {(1, by_words.start): 0.3, (1, shown[0].text.index("The indicator")): 0.9}
    assert by_words.quote.startswith("Good teams")
    assert best_quotes(asked, shown, 1, nearness)[0].quote == "The indicator of stability is cost recovery."
