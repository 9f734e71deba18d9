"""Of which passages the language model is asked for its opinion, and what is made of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from kb.chat.opinion import Opinion, opinion_of
from kb.chat.prompt import Prompt
from kb.llm.scores import Score
from kb.rag.types import Passage
from tests.chat.fakes import FakeGenerator

ASKED = "How long is the notice?"
FAR, NEAR, NEXT = (
    Passage(n, n, n, "Guide", 1, text, 0, len(text))
    for n, text in enumerate(["Parking is free.", "The notice is two months.", "Give notice in writing."], 1)
)
NEARNESS = {(1, 0): 0.2, (2, 0): 0.9, (3, 0): 0.1, (3, 12): 0.6}


class Reader:
    """Says Yes with these log-odds to a passage that holds a text, and 0 to any other."""

    def __init__(self, odds: Mapping[str, float]) -> None:
        self._odds = odds
        self.asked: list[str] = []

    async def score(self, messages: Any, continuations: Sequence[str], **parameters: Any) -> list[Score]:
        [message] = messages
        self.asked.append(message["content"])
        odds = next((value for text, value in self._odds.items() if text in message["content"]), 0.0)
        return [Score("Yes", odds, (odds,), "reader"), Score("No", 0.0, (0.0,), "reader")]


def ask(reader: Reader, settles: Callable[[float], bool] = lambda probability: False) -> Opinion | None:
    prompt = Prompt(ASKED, [FAR, NEAR, NEXT])
    return asyncio.run(opinion_of(reader, prompt, NEARNESS, settles))


def test_the_two_nearest_passages_are_asked_about_each_alone() -> None:
    reader = Reader({})
    ask(reader)
    assert [NEAR.text in asked and NEXT.text not in asked for asked in reader.asked] == [True, False]
    assert [NEXT.text in asked for asked in reader.asked] == [False, True]
    assert all(asked.count(ASKED) == 1 and FAR.text not in asked for asked in reader.asked)


def test_one_passage_that_states_the_answer_is_enough() -> None:
    opinion = ask(Reader({"two months": -2.0, "in writing": 1.0}))
    assert opinion is not None
    assert opinion.probability == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert opinion.model == "reader"


def test_further_passages_are_only_asked_about_while_that_may_change_the_decision() -> None:
    reader = Reader({"two months": 3.0})
    ask(reader, lambda probability: probability > 0.9)
    assert len(reader.asked) == 1


@pytest.mark.parametrize("odds", [math.inf, -math.inf, 1e308])
def test_certainty_is_a_probability(odds: float) -> None:
    opinion = ask(Reader({"": odds}))
    assert opinion is not None
    assert 0.0 <= opinion.probability <= 1.0


def test_endpoint_without_scores_has_no_opinion() -> None:
    model = FakeGenerator()
    model.opinion = None
    assert asyncio.run(opinion_of(model, Prompt(ASKED, [NEAR]), NEARNESS)) is None
