"""Open sentences get a second look where a model or a fit is at hand, and only those."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kb.accounts.models import User
from kb.chat import second_look as module
from kb.chat.draft import AnswerWriter
from kb.chat.second_look import FIT_FILE, SecondLook, second_look
from kb.conf import config
from kb.exceptions import SearchUnavailableError
from kb.library.models import Collection
from kb.quality.planting.plant import plant
from kb.rag.second_look import Features, SupportFit, brevity
from kb.search.client import Entailed
from tests.chat.asking import WordSearch, ask, install
from tests.factories import make_document
from tests.rag.corpus import passages

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Book flights at least 14 days before you leave. The lorry park closes when the barrier is lowered."
OPEN = "The parking area for trucks shuts when the barrier is lowered."
QUESTION = "When do I book flights before I leave, and when does the lorry park close?"


@dataclass
class Judge:
    """Says the same of every pair, and remembers what it was asked.

    Attributes:
        failing: it cannot be asked.
        stopped_the_loop: it was asked from the event loop, which serves other readers too.
    """

    entailment: float = 1.0
    cosine: float = 0.9
    model: str = "nli@1"
    failing: bool = False
    stopped_the_loop: bool = False
    pairs: list[tuple[str, str]] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)

    def entails(self, pairs: Sequence[tuple[str, str]]) -> Entailed:
        if self.failing:
            raise SearchUnavailableError
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            self.stopped_the_loop = True
        self.pairs += pairs
        return Entailed(self.model, tuple(self.entailment for _ in pairs))

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        if self.failing:
            raise SearchUnavailableError
        self.compared += texts
        return [self.cosine for _ in texts]


FIT = SupportFit((1.0, 4.0, 1.0, 0.0), -3.0, 0.5, "nli@1")


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """What the search server says, whoever asks."""
    made = Judge()
    monkeypatch.setattr(module, "search_client", lambda: made)
    module._told.clear()
    return made


def set_up(monkeypatch: pytest.MonkeyPatch, folder: Path, model: str = "", fit: Any = None) -> None:
    """Args: fit: written as it is; a text is no JSON."""
    monkeypatch.setattr(module, "config", replace(config, support_model=model, data_dir=folder))
    if fit is not None:
        words = fit if isinstance(fit, str) else json.dumps(fit.as_json())
        (folder / FIT_FILE).write_text(words, encoding="utf-8")


@pytest.fixture
def answered(collection: Collection, teammate: User, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The sentences of an answer for which the language model says these words."""
    make_document(collection, TEXT, title="Site rules")
    install(monkeypatch, WordSearch())

    def call(said: str) -> list[dict[str, Any]]:
        done = ask(teammate, QUESTION, said)[-1].data
        assert {c["quote"] for c in done["citations"]} <= set(TEXT.split(". ")) | {TEXT} | {
            f"{part.rstrip('.')}." for part in TEXT.split(". ")
        }
        found: list[dict[str, Any]] = done["sentences"]
        return found

    return call


PROVED = "Book flights at least 14 days before you leave. "


def test_open_sentence_is_proved_by_the_model_and_says_so(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(monkeypatch, tmp_path, model="nli")

    proved, opened = answered(PROVED + OPEN)

    assert proved["supported"] and "by" not in proved
    assert opened["supported"] and opened["by"] == "model"
    assert opened["reason"] == ""
    assert opened["citations"], "the words that prove it are quoted"
    assert {sentence for _, sentence in judge.pairs} == {OPEN}, "what the rules proved is not asked about"
    assert "The lorry park closes when the barrier is lowered." in {premise for premise, _ in judge.pairs}
    assert not judge.stopped_the_loop
    assert judge.compared == [], "without a fit the cosine decides nothing"


def test_a_model_that_is_not_sure_proves_nothing(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(monkeypatch, tmp_path, model="nli")
    judge.entailment = 0.89

    _, opened = answered(PROVED + OPEN)

    assert (opened["supported"], opened["reason"]) == (False, "low_overlap")
    assert judge.pairs


def test_without_a_model_and_a_fit_nobody_is_asked(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(monkeypatch, tmp_path)

    _, opened = answered(PROVED + OPEN)

    assert not opened["supported"]
    assert (judge.pairs, judge.compared) == ([], [])


def test_search_server_that_cannot_be_asked_proves_nothing_and_is_told_once(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    set_up(monkeypatch, tmp_path, model="nli")
    judge.failing = True

    with caplog.at_level(logging.WARNING, logger=module.__name__):
        said = f"{TEXT} {OPEN} The area for trucks is shut with the barrier lowered."
        judged = answered(said)

    assert [one["supported"] for one in judged] == [True, True, False, False]
    assert len([record for record in caplog.records if record.name == module.__name__]) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "The parking area for trucks shuts 30 minutes after the barrier is lowered.",
        "The parking area for trucks of Siemens shuts when the barrier is lowered.",
        "The parking area for trucks does not shut when the barrier is lowered.",
        "The parking area for trucks shuts on 3 March 2026 when the barrier is lowered.",
    ],
)
def test_hard_errors_stay_refused_whatever_the_model_says(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sentence: str
) -> None:
    set_up(monkeypatch, tmp_path, model="nli")

    _, refused = answered(PROVED + sentence)

    assert not refused["supported"]


def test_model_that_says_yes_to_everything_proves_no_planted_error() -> None:
    look = SecondLook(with_model=True, fit=None, judges=Judge)
    texts = [passage.text for passage in passages()]
    wrong = []
    for item in plant(texts, seed=3):
        verdict = judged_by(look, item.sentence, item.passage)
        if not item.supported and verdict.by:
            wrong.append((item.kind, item.sentence))
    assert wrong == []


def judged_by(look: SecondLook, sentence: str, passage: str) -> Any:
    from kb.chat.models import Message
    from kb.chat.record import Draft
    from kb.rag.support import check_sentence
    from kb.rag.types import Passage

    shown = Passage(1, 1, 1, "", 1, passage, 0, len(passage))
    verdict = check_sentence(sentence, [1], [shown])
    return look.at(sentence, verdict, [1], Draft(Message(), [shown]))


def test_a_fit_decides_in_the_place_of_the_bare_probability(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(monkeypatch, tmp_path, model="nli", fit=FIT)
    judge.entailment = 0.6

    _, opened = answered(PROVED + OPEN)

    assert opened["by"] == "model"
    assert judge.compared


def test_a_fit_without_a_model_needs_none(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(monkeypatch, tmp_path, fit=SupportFit((0.0, 0.0, 4.0, 0.0), -3.0, 0.5))

    _, opened = answered(PROVED + OPEN)

    assert opened["by"] == "model"
    assert judge.pairs == []


@pytest.mark.parametrize(
    ("model", "fit"),
    [
        ("nli", replace(FIT, model="")),
        ("nli", replace(FIT, model="nli@2")),
        ("", FIT),
        ("nli", "{"),
        ("nli", "[]"),
        ("nli", '{"weights": [1, 1, 1, NaN], "bias": 9, "threshold": 0, "model": "nli@1"}'),
        ("", '{"weights": [1, 1], "bias": 9, "threshold": 0, "model": ""}'),
    ],
)
def test_a_fit_that_does_not_hold_proves_nothing(
    answered: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str, fit: Any
) -> None:
    """Fail closed: made with another model, or damaged."""
    set_up(monkeypatch, tmp_path, model=model, fit=fit)

    _, opened = answered(PROVED + OPEN)

    assert not opened["supported"]


def test_a_new_fit_holds_at_once(judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_up(monkeypatch, tmp_path)
    assert not second_look().is_on
    set_up(monkeypatch, tmp_path, fit=SupportFit((0.0, 0.0, 4.0, 0.0), -3.0, 0.5))
    assert second_look().is_on
    (tmp_path / FIT_FILE).unlink()
    assert not second_look().is_on


def test_only_where_it_may_wait_is_judged_beside_the_event_loop(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kb.chat.models import Message
    from kb.chat.record import Draft
    from kb.rules.output import Output

    set_up(monkeypatch, tmp_path)
    output: Output = object()  # type: ignore[assignment]
    assert not AnswerWriter(Draft(Message()), output).may_wait
    set_up(monkeypatch, tmp_path, model="nli")
    assert AnswerWriter(Draft(Message()), output).may_wait


def test_features_of_a_longer_sentence_are_less_brief() -> None:
    assert Features(1, 1, 1, brevity("one two three")).brevity == 1
    assert brevity("word " * 16) == 0.5
