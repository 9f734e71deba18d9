"""Fitting which open sentences count as proved."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kb.chat.second_look import FIT_FILE, Asked
from kb.conf import config
from kb.exceptions import InvalidInputError
from kb.quality.management.commands import fit_support as command
from kb.quality.support_cases import OpenCase, Sentence, open_cases, sentences_in
from kb.quality.support_fit import fit_support
from kb.rag.second_look import Features, support_fit_from
from kb.rag.types import Passage
from kb.search.client import Entailed
from tests.quality.test_people import ratings

TRUE = "The parking area for trucks number {} shuts when the barrier is lowered."
FALSE = "The parking area for trucks number {} shuts when visitors complain loudly."
TEXT = "The lorry park number {} closes when the barrier is lowered. Visitors sign the book."


class Judge:
    """Knows that what the barrier does is true."""

    model = "nli@1"

    def entails(self, pairs: Sequence[tuple[str, str]]) -> Entailed:
        return Entailed(self.model, tuple(0.95 if "barrier" in said else 0.05 for _, said in pairs))

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        return [0.6 for _ in texts]


def made(count: int, seed: int = 0, *, telling: bool = True) -> list[OpenCase]:
    """Cases of which entailment tells the truth nine times in ten, or nothing does."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        supported = chance.random() < 0.5
        says = supported if chance.random() < 0.9 else not supported
        entailment = chance.uniform(0.6, 1) if says else chance.uniform(0, 0.4)
        features = Features(0.5, entailment if telling else 0.0, chance.random(), 0.8)
        found.append(OpenCase(f"group {number // 2}", features, supported))
    return found


def test_the_feature_that_tells_gets_the_weight_and_the_bound_is_kept() -> None:
    found = fit_support(made(400), max_wrong=0.12, model="nli@1")

    weights = found.report["weights"]
    assert weights["entailment"] > 2
    assert weights["entailment"] > 4 * max(weights["cosine"], weights["brevity"])
    assert found.report["wrong"]["right"] <= 0.12
    assert found.report["recall"]["right"] > 0.7
    assert found.fit.model == "nli@1"
    assert found.fit.proves(Features(0.5, 0.95, 0.5, 0.8))
    assert not found.fit.proves(Features(0.5, 0.1, 0.5, 0.8))


def test_expected_and_observed_shares_agree_in_each_bin() -> None:
    chance = random.Random(1)
    said = [chance.random() for _ in range(2000)]
    cases = [
        OpenCase(f"{at}", Features(0.5, one, 0.5, 0.8), chance.random() < 1 / (1 + math.exp(4 - 8 * one)))
        for at, one in enumerate(said)
    ]

    bins = fit_support(cases, max_wrong=0.2).report["bins"]

    assert sum(each["n"] for each in bins) == 2000
    assert len(bins) >= 8
    assert all(abs(each["expected"] - each["observed"]) < 0.1 for each in bins if each["n"] >= 100)


def test_figures_are_of_ten_folds_that_hold_whole_groups() -> None:
    folds = fit_support(made(400), max_wrong=0.2).report["folds"]

    assert len(folds) == 10
    assert sum(fold["n"] for fold in folds) == 400
    assert all(fold["n"] % 2 == 0 for fold in folds), "the two of a group are never parted"


def test_where_nothing_tells_no_threshold_keeps_a_strict_bound() -> None:
    cases = [replace(case, features=Features(0.5, 0, 0.5, 0.8)) for case in made(200)]

    with pytest.raises(InvalidInputError, match="better KB_SUPPORT_MODEL"):
        fit_support(cases, max_wrong=0.05)


def test_too_few_sentences_of_a_kind_are_refused() -> None:
    cases = [replace(case, supported=at > 10) for at, case in enumerate(made(200))]

    with pytest.raises(InvalidInputError, match="11 unsupported"):
        fit_support(cases, max_wrong=0.05)


def test_a_fit_comes_back_from_its_json_as_it_was() -> None:
    fit = fit_support(made(400), max_wrong=0.2, model="nli@1").fit

    assert support_fit_from(json.loads(json.dumps(fit.as_json()))) == fit


def test_only_open_sentences_are_measured() -> None:
    text = TEXT.format("alpha beta")
    shown = (Passage(1, 0, 0, "", 1, text, 0, len(text)),)
    said = ["Visitors sign the book.", "The park has 12 gates.", TRUE.format("alpha beta"), "Is it so?"]
    cases = open_cases([Sentence("g", one, "", shown, True) for one in said], Judge(), Asked(True, True))

    [case] = cases
    assert case.features.entailment == 0.95
    assert case.features.cosine == 0.6
    assert 0.3 < case.features.coverage < 0.8


def test_answers_that_people_rated_are_labelled_sentences(tmp_path: Path) -> None:
    found = list(sentences_in(ratings(tmp_path), 0, ratings=True))

    assert len(found) == 80
    assert {one.supported for one in found if one.text.startswith("The desk")} == {True}
    assert {one.supported for one in found if one.text.startswith("The pool")} == {False}


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    words = ("alpha", "beta", "gamma", "delta", "kappa")
    rows = [
        {"sentence": said.format(f"{first} {second}"), "passage": TEXT.format(f"{first} {second}"),
         "supported": said is TRUE}
        for first in words for second in words for said in (TRUE, FALSE)
    ]  # fmt: skip
    path = tmp_path / "sentences.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, model: str, *arguments: Any) -> list[str]:
    monkeypatch.setattr(command, "search_client", Judge)
    monkeypatch.setattr(command, "config", replace(config, support_model=model, data_dir=folder))
    out = StringIO()
    call_command("fit_support", *map(str, arguments), stdout=out)
    return out.getvalue().splitlines()


def test_command_fits_prints_and_keeps_the_weights(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run(monkeypatch, tmp_path, "nli", labelled, "--json")

    assert said[0].startswith("50 sentences; left open: 25 supported, 25 not.")
    assert "It holds from the next answer on." in said
    figures = json.loads(said[-1])
    assert figures["wrong"]["right"] == 0
    assert len(figures["folds"]) == 10
    kept = support_fit_from(json.loads((tmp_path / FIT_FILE).read_text()))
    assert kept == support_fit_from(figures["fit"])
    assert kept.model == "nli@1"


def test_trying_changes_nothing(labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, tmp_path, "nli", labelled, "--try")

    assert not (tmp_path / FIT_FILE).exists()


def test_without_a_model_the_other_features_are_fitted(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, tmp_path, "", labelled)

    kept = support_fit_from(json.loads((tmp_path / FIT_FILE).read_text()))
    assert kept.model == ""
    assert kept.weights[1] == 0, "what was not measured has no weight"


@pytest.mark.parametrize("arguments", [["not-there.jsonl"], ["sentences.jsonl", "--max-wrong", "2"]])
def test_what_cannot_be_fitted_is_said(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with pytest.raises(CommandError):
        run(monkeypatch, tmp_path, "", tmp_path / arguments[0], *arguments[1:])
