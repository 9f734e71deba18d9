"""Agreement of the support checker with people's ratings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kb.quality.people import agreement, rated_in

TEXT = "The desk opens at {hour}:00 on every working day. Visitors sign the book of the house at the door."


def ratings(folder: Path) -> Path:
    """Forty questions, each with a faithful answer rated 4 and an invented one rated 1."""
    documents, questions = [], []
    for n in range(40):
        documents.append({"id": n, "text": TEXT.format(hour=n % 12 + 1)})
        answers = (
            ("The desk opens at {}:00 on every working day.", 4.0),
            ("The pool of house {} is heated.", 1.0),
        )
        questions.append(
            {
                "question": f"When does desk {n} open?",
                "doc_ids": [n],
                "responses": [
                    {"response": text.format(n % 12 + 1), "human": {"faithfulness": [rating, rating]}}
                    for text, rating in answers
                ],
            }
        )
    for name, rows in (("documents", documents), ("questions", questions)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def length_as_cosine(text: str, others: Sequence[str]) -> list[float]:
    """Knows the length of an answer and nothing else."""
    return [len(text) % 7 / 10 for _ in others]


def test_a_checker_that_agrees_with_people_beats_a_cosine_that_does_not(tmp_path: Path) -> None:
    found = agreement(rated_in(ratings(tmp_path)), length_as_cosine, 0)
    assert found["answers"] == 80
    assert found["share_supported"]["rho"] > 0.99
    assert found["share_held"]["rho"] > 0.7
    low, high = found["share_supported_over_cosine"]["interval"]
    assert 0.5 < low <= found["share_supported_over_cosine"]["rho"] <= high


def test_the_same_seed_gives_the_same_interval(tmp_path: Path) -> None:
    rated = rated_in(ratings(tmp_path))[:20]
    assert agreement(rated, length_as_cosine, 3) == agreement(rated, length_as_cosine, 3)


def test_answers_without_passages_or_ratings_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"question": "A?", "doc_ids": [], "responses": [{"response": "B.", "human": {"faithfulness": [4]}}]},
        {"question": "C?", "doc_ids": [1], "responses": [{"response": "D.", "human": {"faithfulness": []}}]},
        {"question": "E?", "doc_ids": [1]},
    ]
    (tmp_path / "documents.jsonl").write_text('{"id": 1, "text": "F."}', encoding="utf-8")
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert rated_in(tmp_path) == []


def test_a_folder_without_ratings_has_none(tmp_path: Path) -> None:
    assert rated_in(tmp_path) == []
