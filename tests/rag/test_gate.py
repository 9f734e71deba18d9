"""Whether to answer: what is measured of the passages, and what a calibrated model makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.gate import Gate, default_gate, gate_from
from kb.rag.nearness import Cosines, nearness_of
from kb.rag.signals import Signals, signals_of
from kb.rag.types import Passage
from tests.rag.corpus import passages

ASKED = "How many days of leave do interns get?"


def nowhere(question: str, texts: Sequence[str]) -> list[float]:
    return [0.0] * len(texts)


def by_interns(question: str, texts: Sequence[str]) -> list[float]:
    return [0.9 if "ntern" in text else 0.1 for text in texts]


def measured(question: str, shown: Sequence[Passage], cosines: Cosines) -> Signals:
    return signals_of(question, shown, nearness_of(question, shown, cosines))


def test_nearest_statement_and_best_covered_one_are_measured() -> None:
    found = measured(ASKED, passages(), by_interns)
    assert found.statement_cosine == 0.9
    assert found.statement_coverage > 0.7
    assert found.coverage >= found.statement_coverage


def test_a_statement_holds_less_than_all_passages_together() -> None:
    found = measured("Which interns of Tomas Berg book a helicopter?", passages(), nowhere)
    assert 0 < found.statement_coverage < found.coverage < 1


def test_foreign_question_is_covered_by_nothing() -> None:
    found = measured("What does the moon weigh?", passages(), nowhere)
    assert (found.coverage, found.statement_coverage, found.statement_cosine) == (0.0, 0.0, 0.0)


def test_statements_are_compared_as_the_document_has_them() -> None:
    seen: list[str] = []

    def cosines(question: str, texts: Sequence[str]) -> list[float]:
        assert question == ASKED
        seen.extend(texts)
        return [0.5] * len(texts)

    shown = passages()
    nearness_of(ASKED, shown, cosines)
    assert seen
    assert all(any(text in passage.text for passage in shown) for text in seen)


def test_probability_is_that_of_the_logistic_model() -> None:
    gate = Gate((1.0, 2.0, 0.0, -1.0, 0.0), -0.5, 0.5)
    log_odds = 0.1 + 2 * 0.4 - 0.3 - 0.5
    assert gate.probability(Signals(0.1, 0.4, 0.9, 0.3)) == pytest.approx(1 / (1 + math.exp(-log_odds)))


SHARE = st.floats(0, 1)


@given(st.tuples(SHARE, SHARE, SHARE, SHARE))
def test_no_signal_speaks_against_an_answer(values: tuple[float, float, float, float]) -> None:
    gate = default_gate()
    for place in range(4):
        less = [*values]
        less[place] /= 2
        assert gate.probability(Signals(*less)) <= gate.probability(Signals(*values)) + 1e-12


def test_default_gate_is_silent_on_nothing_and_lets_a_perfect_match_through() -> None:
    gate = default_gate()
    assert gate.probability(Signals(0.1, 0.1, 0.0, 0.0)) < gate.threshold
    assert gate.probability(Signals(0.8, 0.8, 1.0, 1.0)) > gate.threshold


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"weights": [1, 1, 1], "bias": 0, "threshold": 0.5},
        {"weights": [1, 1, 1, float("nan")], "bias": 0, "threshold": 0.5},
        {"weights": [1, 1, 1, "x"], "bias": 0, "threshold": 0.5},
        {"weights": [1, 1, 1, 1], "bias": None, "threshold": 0.5},
        {"weights": [1, 1, 1, 1, 1, 1], "bias": 0, "threshold": 0.5},
        {"weights": [1, 1, 1, 1, 2], "bias": 0, "threshold": 0.5},
        {"weights": [1, 1, 1, 1, 0], "bias": 0, "threshold": 0.5, "model": "some"},
        {"weights": [1, 1, 1, 1, 2], "bias": 0, "threshold": 0.5, "model": 7},
    ],
)
def test_a_gate_that_cannot_be_evaluated_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="gate"):
        gate_from(fields)


def test_gate_survives_being_stored() -> None:
    for gate in (
        Gate((1.0, 2.0, 3.0, 4.0, 0.0), -0.5, 0.25),
        Gate((1.0, 2.0, 3.0, 4.0, 5.0), -0.5, 0.25, "some-model"),
    ):
        assert gate_from(gate.as_json()) == gate


def test_gate_that_was_stored_before_there_was_an_opinion_asks_for_none() -> None:
    old = gate_from({"weights": [1, 2, 3, 4], "bias": -0.5, "threshold": 0.25})
    assert old == Gate((1.0, 2.0, 3.0, 4.0, 0.0), -0.5, 0.25)
