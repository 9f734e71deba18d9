"""Choosing when to answer, on questions of one's own."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kb.exceptions import InvalidInputError
from kb.quality.calibration import Case, calibrate
from kb.rag.signals import Signals


def cases(count: int, apart: float, seed: int = 1) -> list[Case]:
    """As many questions of either kind, whose second signal lies `apart` on average."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        for answerable in (True, False):
            value = min(1.0, max(0.0, chance.gauss(0.5 + (apart / 2 if answerable else -apart / 2), 0.1)))
            made.append(Case(f"question {number}", Signals(0.5, value, 0.5, 0.5), answerable))
    return made


def test_threshold_keeps_the_bound_on_wrong_answers_and_answers_as_many_as_it_can() -> None:
    made = calibrate(cases(200, 0.2), max_wrong=0.05)
    assert made.chosen.wrong <= 0.05
    assert made.chosen.answered > 0.2
    more = [point for point in made.curve if point.answered > made.chosen.answered]
    assert more
    assert all(point.wrong > 0.05 for point in more)


def test_bound_on_silence_catches_as_many_unanswerable_ones_as_it_can() -> None:
    made = calibrate(cases(200, 0.2), max_silent=0.05)
    assert made.chosen.silent <= 0.05
    assert made.chosen.caught > 0.3
    assert all(point.silent > 0.05 for point in made.curve if point.caught > made.chosen.caught)


def test_fit_tells_the_signal_that_matters() -> None:
    gate = calibrate(cases(200, 0.4), max_wrong=0.05).gate
    assert gate.weights[1] > 5 * max(abs(weight) for weight in (gate.weights[0], *gate.weights[2:]))
    assert gate.probability(Signals(0.5, 0.8, 0.5, 0.5)) > 0.9
    assert gate.probability(Signals(0.5, 0.2, 0.5, 0.5)) < 0.1


def test_expected_rates_hold_on_questions_that_were_not_seen() -> None:
    made = calibrate(cases(400, 0.2), max_silent=0.1)
    new = cases(400, 0.2, seed=2)
    let_through = [case for case in new if made.gate.probability(case.signals) >= made.gate.threshold]
    silent = 1 - sum(case.answerable for case in let_through) / 400
    caught = 1 - sum(not case.answerable for case in let_through) / 400
    assert silent == pytest.approx(made.chosen.silent, abs=0.06)
    assert caught == pytest.approx(made.chosen.caught, abs=0.08)


def test_threshold_that_answers_almost_nothing_is_warned_of_with_the_numbers() -> None:
    sure = [Case(f"sure {number}", Signals(0.9, 0.9, 0.9, 0.9), True) for number in range(3)]
    made = calibrate([*cases(25, 0.0)[3:], *sure], max_wrong=0.05)
    assert made.chosen.silent > 0.5
    assert f"{made.chosen.silent:.0%} of the questions with an answer" in made.warning
    assert f"{made.answerable} questions with an answer and {made.unanswerable} without" in made.warning
    assert made.report()["warning"] == made.warning
    assert calibrate(cases(200, 0.4), max_wrong=0.05).warning == ""


def test_kinds_that_cannot_be_told_apart_are_no_ground_for_a_threshold() -> None:
    with pytest.raises(InvalidInputError, match=r"No threshold keeps wrong answers at 1\.0%"):
        calibrate(cases(100, 0.0), max_wrong=0.01)


@pytest.mark.parametrize("count", [0, 19])
def test_too_few_questions_are_refused_with_a_way_out(count: int) -> None:
    with pytest.raises(InvalidInputError, match="doc_id"):
        calibrate(cases(count, 0.4), max_wrong=0.05)


def told(count: int, apart: float, model: str = "some-model") -> list[Case]:
    """The same, with the opinion of a language model in the place of what retrieval tells."""
    return [
        replace(case, signals=Signals(0.5, 0.5, 0.5, 0.5, case.signals.statement_cosine), model=model)
        for case in cases(count, apart)
    ]


def test_opinion_that_tells_them_apart_is_weighed_and_its_model_named() -> None:
    gate = calibrate(told(100, 0.4), max_wrong=0.05).gate
    assert gate.model == "some-model"
    assert gate.weights[-1] > 5


def test_opinion_that_says_nothing_is_not_asked_for() -> None:
    useless = [replace(case, model="some-model") for case in cases(100, 0.4)]
    assert calibrate(useless, max_wrong=0.05).gate.model == ""


def test_opinions_of_two_models_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="no model and some-model"):
        calibrate([*cases(30, 0.4), *told(30, 0.4)], max_wrong=0.05)
