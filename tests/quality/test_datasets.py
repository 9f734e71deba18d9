"""Reading data sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.exceptions import InvalidInputError
from kb.quality.datasets import load_data_set, read_jsonl


def write(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_questions_and_their_documents(tmp_path: Path) -> None:
    write(tmp_path / "documents.jsonl", {"id": "d1", "text": "One."}, {"id": "d2", "text": "Two."})
    write(
        tmp_path / "questions.jsonl",
        {"id": 1, "question": "One?", "doc_id": "d1", "answers": ["1"]},
        {"id": 2, "question": "Three?", "doc_id": "d2", "answerable": False},
        {"id": 3, "question": "Four?", "answerable": False},
    )
    data = load_data_set(tmp_path)
    assert [document.id for document in data.documents] == ["d1", "d2"]
    assert [(one.id, one.answerable, one.relevant) for one in data.questions] == [
        ("1", True, {"d1": 1.0}),
        ("2", False, {}),
        ("3", False, {}),
    ]
    assert data.questions[0].answers == ("1",)


def test_judgements_take_the_place_of_the_document(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", {"id": "d1", "text": "One."})
    write(tmp_path / "queries.jsonl", {"id": "q", "text": "One?", "doc_id": "d9"})
    (tmp_path / "qrels.tsv").write_text("q\td1\t2\nq\td2\t0\n")
    [question] = load_data_set(tmp_path).questions
    assert question.relevant.get("d1") == 2
    assert not question.relevant.get("d9")


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", {"id": "d1", "text": "One."})
    with pytest.raises(InvalidInputError, match=r"questions\.jsonl"):
        load_data_set(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [(b"[1, 2]", "no JSON object"), (b"nonsense", "no JSON"), (b'{"question": "caf\xe9"}', "not UTF-8")],
)
def test_line_that_is_no_object_is_named(tmp_path: Path, line: bytes, told: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"question": "Why?"}\n' + line + b"\n")
    with pytest.raises(InvalidInputError, match=rf"line 2 is {told}"):
        list(read_jsonl(path))
