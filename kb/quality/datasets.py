"""Reading a data set: documents, questions and judgements, in the forms that docs/evaluation.md describes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.exceptions import InvalidInputError

_FOLDERS = ("docs_noheads", "docs", "corpus", "pdfs")


@dataclass(frozen=True)
class EvalDocument:
    """A document to ingest: a file, or a text with an optional title."""

    id: str
    path: Path | None = None
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class EvalQuestion:
    """A question, the documents that answer it, and accepted answers.

    Attributes:
        relevant: document id to grade; above zero is relevant.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    answerable: bool = True
    relevant: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSet:
    documents: list[EvalDocument]
    questions: list[EvalQuestion]

    def sample(self, limit: int | None, seed: int) -> list[EvalQuestion]:
        """See `draw`."""
        return draw(self.questions, limit, seed)


def draw(questions: list[EvalQuestion], limit: int | None, seed: int) -> list[EvalQuestion]:
    """All questions, or `limit` of them drawn with this seed."""
    if limit is None or limit >= len(questions):
        return questions
    return random.Random(seed).sample(questions, limit)  # noqa: S311 - a draw, not a secret


def load_data_set(folder: Path) -> DataSet:
    """Raises InvalidInputError naming what is missing."""
    documents = load_documents(folder)
    if not documents:
        raise InvalidInputError(
            f"{folder} holds no documents: corpus.jsonl, documents.jsonl, or a folder {', '.join(_FOLDERS)}."
        )
    return DataSet(documents, list(_questions(folder)))


def load_documents(folder: Path) -> list[EvalDocument]:
    """The documents alone; none when the folder is no data set."""
    return list(_documents(folder))


def _documents(folder: Path) -> Iterator[EvalDocument]:
    for name in ("corpus.jsonl", "documents.jsonl"):
        if (folder / name).exists():
            for row in read_jsonl(folder / name):
                yield EvalDocument(str(row["id"]), title=row.get("title") or "", text=row["text"])
            return
    for name in _FOLDERS:
        root = folder / name
        if root.is_dir():
            for path in sorted(root.rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    identity = path.relative_to(root).as_posix()
                    yield EvalDocument(
                        identity.removesuffix(".pdf") if name == "pdfs" else identity, path=path
                    )
            return


def _questions(folder: Path) -> Iterator[EvalQuestion]:
    for name in ("queries.jsonl", "questions.jsonl"):
        if (folder / name).exists():
            yield from read_questions(folder / name, _judgements(folder / "qrels.tsv"))
            return
    raise InvalidInputError(f"{folder} holds no queries.jsonl or questions.jsonl.")


def read_questions(
    path: Path, judgements: Mapping[str, dict[str, float]] | None = None
) -> Iterator[EvalQuestion]:
    """Args: judgements: question id to document id to grade, in place of each line's doc_id."""
    for number, row in enumerate(read_jsonl(path), start=1):
        identity = str(row.get("id", number))
        gold = row.get("doc_id")
        answerable = row.get("answerable", True)
        relevant = (judgements or {}).get(identity) or ({str(gold): 1.0} if gold else {})
        text = row.get("text") or row.get("question")
        if not text:
            raise InvalidInputError(f"{path}, line {number} has neither text nor question.")
        yield EvalQuestion(
            id=identity,
            text=text,
            answers=tuple(row.get("answers") or ()),
            answerable=answerable,
            # The document that an unanswerable question was written for is not a right one.
            relevant=relevant if answerable else {},
        )


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    """Question id → document id → grade, from a TSV of question, document, grade with or without a header."""
    found: dict[str, dict[str, float]] = {}
    if not path.exists():
        return found
    for line in path.read_text().splitlines():
        parts = line.split("\t")
        if len(parts) == 3 and parts[2].replace(".", "", 1).isdigit():
            found.setdefault(parts[0], {})[parts[1]] = float(parts[2])
    return found


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Objects, one a line. Raises InvalidInputError, which names the line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode())
            except UnicodeDecodeError as error:
                raise InvalidInputError(f"{path}, line {number} is not UTF-8.") from error
            except json.JSONDecodeError as error:
                raise InvalidInputError(f"{path}, line {number} is no JSON.") from error
            if not isinstance(row, dict):
                raise InvalidInputError(f"{path}, line {number} is no JSON object.")
            yield row
