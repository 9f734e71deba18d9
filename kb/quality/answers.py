"""evaluate answers: the whole pipeline on questions with and without an answer in the documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.quality import metrics
from kb.quality.datasets import EvalQuestion, load_data_set
from kb.quality.deployment import described, throw_away_deployment
from kb.quality.rest import rest_client


@dataclass(frozen=True)
class Asked:
    """A question, the product's answer object, and the data set's ids of the documents it cites."""

    question: EvalQuestion
    answer: dict[str, Any]
    cited: frozenset[str]

    @property
    def answered(self) -> bool:
        return not self.answer["abstained"]


def evaluate_answers(
    folder: Path,
    limit: int | None,
    seed: int,
    progress: Callable[[int, int], None],
    details: Path | None = None,
) -> dict[str, Any]:
    """Ask each question of a throw-away installation.

    Args:
        progress: gets the number asked and the total.
        details: a file for one line of JSON per question, with what was found and answered.
    """
    data = load_data_set(folder)
    questions = data.sample(limit, seed)
    asked = []
    with throw_away_deployment(with_llm=True) as deployment, rest_client(deployment) as client:
        ids = client.upload_all(data.documents)
        for number, question in enumerate(questions, start=1):
            answer = client.ask(question.text)
            cited = (ids.get(citation["document_id"], []) for citation in answer["citations"])
            asked.append(Asked(question, answer, frozenset(name for names in cited for name in names)))
            progress(number, len(questions))
    if details is not None:
        write_details(details, asked, ids)
    return {**score(asked), "config": {**described(), "model": _model(asked)}}


def write_details(path: Path, asked: Sequence[Asked], ids: Mapping[int, Sequence[str]]) -> None:
    """One line of JSON per question.

    Args:
        ids: the data set's ids of each document of the installation; of files with the same bytes, several.
    """
    lines = [json.dumps(_details(one, ids), ensure_ascii=False) for one in asked]
    path.write_text("".join(f"{line}\n" for line in lines))


def _details(one: Asked, ids: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    found = [passage["document"]["id"] for passage in one.answer["passages"]]
    return {
        "id": one.question.id,
        "question": one.question.text,
        "answerable": one.question.answerable,
        "relevant": sorted(one.question.relevant),
        "found": [name for document in found for name in ids.get(document, [])],
        "cited": sorted(one.cited),
        "contains_gold": metrics.contains_answer(one.answer["text"], one.question.answers),
        "answer": one.answer,
    }


def score(asked: Sequence[Asked]) -> dict[str, Any]:
    """The figures of the contract; rates are fractions of the questions named before them."""
    answerable = [one for one in asked if one.question.answerable]
    unanswerable = [one for one in asked if not one.question.answerable]
    sentences = [sentence for one in asked for sentence in one.answer["sentences"]]
    return {
        "answerable": _score_answerable(answerable),
        "unanswerable": {
            "n": len(unanswerable),
            "abstained": _rate(unanswerable, lambda one: not one.answered),
        },
        "sentences": {
            "shown": len(sentences),
            "supported": sum(sentence["supported"] for sentence in sentences),
            "quoted": sum(sentence["quoted"] for sentence in sentences),
        },
        "ttft_ms": {
            "p50": metrics.percentile(_timings(asked, "ttft"), 0.5),
            "p95": metrics.percentile(_timings(asked, "ttft"), 0.95),
        },
        "tpot_ms": {"p50": metrics.percentile(_timings(asked, "tpot"), 0.5)},
        "prompt_tokens": {
            "p50": metrics.percentile(
                [
                    one.answer["usage"]["prompt_tokens"]
                    for one in asked
                    if "prompt_tokens" in one.answer["usage"]
                ],
                0.5,
            )
        },
    }


def _score_answerable(asked: Sequence[Asked]) -> dict[str, Any]:
    answered = [one for one in asked if one.answered]
    f1 = [metrics.token_f1(one.answer["text"], one.question.answers) for one in asked]
    return {
        "n": len(asked),
        "answered": _rate(asked, lambda one: one.answered),
        "contains_gold": _rate(
            asked, lambda one: metrics.contains_answer(one.answer["text"], one.question.answers)
        ),
        "token_f1": round(metrics.mean(f1), 4),
        "cited_gold_document": _rate(answered, lambda one: bool(one.cited & one.question.relevant.keys())),
        "wrong_abstention": _rate(asked, lambda one: not one.answered),
    }


def _rate(asked: Sequence[Asked], holds: Callable[[Asked], bool]) -> float | None:
    return round(sum(holds(one) for one in asked) / len(asked), 4) if asked else None


def _timings(asked: Sequence[Asked], name: str) -> list[float]:
    return [one.answer["timings_ms"][name] for one in asked if name in one.answer["timings_ms"]]


def _model(asked: Sequence[Asked]) -> str:
    return next((one.answer["model"] for one in asked if one.answer["model"]), "")
