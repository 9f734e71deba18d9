"""What retrieval finds for the questions of a calibration.

A question whose document is left out of the search is one that the documents do not answer. So questions
with a known document are enough; questions that nothing answers make it better.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from kb.accounts.models import User
from kb.chat.lookup import prepare_passages
from kb.chat.opinion import Opinion, opinion_of
from kb.chat.prompt import Prompt
from kb.conf import config
from kb.exceptions import InvalidInputError
from kb.library.models import Collection, Document, Status
from kb.library.retrieval import FoundChunk, search_chunks
from kb.llm.client import LanguageModel
from kb.quality.calibration import Case
from kb.quality.datasets import EvalQuestion, read_jsonl
from kb.rag.nearness import Nearness, nearness_of
from kb.rag.signals import Signals, signals_of
from kb.rag.types import Passage
from kb.search.replicas import search_client

# Looked through for passages of other documents than the one that is left out.
_DEEP = 100
_MOST_NAMED = 10

Ask = Callable[[str, Sequence[Passage], Nearness], Opinion]


def cases_of(
    questions: Sequence[EvalQuestion],
    collection: Collection | None,
    reader: User,
    progress: Callable[[int, int], None] = lambda done, total: None,
    ask: Ask | None = None,
) -> Iterator[Case]:
    """Search for each question, and once more without its documents where they are known.

    Args:
        ask: for the language model's opinion; None to do without.
    """
    where = [collection.pk] if collection is not None else None
    for number, question in enumerate(questions, start=1):
        found = search_chunks(reader, question.text, where, _DEEP, for_prompt=True).chunks
        yield _case(question.text, found[: config.passages], ask, answerable=question.answerable)
        if question.answerable and question.relevant:
            others = [one for one in found if one.document.external_id not in question.relevant]
            yield _case(question.text, others[: config.passages], ask, answerable=False)
        progress(number, len(questions))


def _case(question: str, chunks: Sequence[FoundChunk], ask: Ask | None, *, answerable: bool) -> Case:
    passages = prepare_passages(chunks, question)
    if not passages:
        return Case(question, Signals(0, 0, 0, 0), answerable)
    nearness = nearness_of(question, passages, search_client().cosines)
    signals = signals_of(question, passages, nearness)
    if ask is None:
        return Case(question, signals, answerable)
    opinion = ask(question, passages, nearness)
    return Case(question, replace(signals, opinion=opinion.probability), answerable, opinion.model)


@contextmanager
def asking(model: LanguageModel) -> Iterator[Ask]:
    """One event loop for all questions, so that they share their connections.

    Raises:
        InvalidInputError: the endpoint gives no opinions; by what it yields.
    """
    with asyncio.Runner() as runner:

        def ask(question: str, passages: Sequence[Passage], nearness: Nearness) -> Opinion:
            opinion = runner.run(opinion_of(model, Prompt(question, passages), nearness))
            if opinion is None:
                raise InvalidInputError(
                    "This language model's endpoint has no /v1/score, so it cannot give its opinion. "
                    "Calibrate without --ask-model."
                )
            return opinion

        yield ask


def refuse_unknown(questions: Sequence[EvalQuestion], collection: Collection | None) -> None:
    """Raises InvalidInputError where a question names a document that is not there.

    Such a question would count as one with an answer, and again as one whose document was left out.
    """
    present = Document.objects.filter(deleted_at=None, superseded_at=None, status=Status.READY)
    if collection is not None:
        present = present.filter(collection=collection)
    known = set(present.values_list("external_id", flat=True))
    unknown = sorted({name for question in questions for name in question.relevant} - known)
    if unknown:
        named = ", ".join(unknown[:_MOST_NAMED]) + (" …" if len(unknown) > _MOST_NAMED else "")
        raise InvalidInputError(
            f"{len(unknown)} doc_id of the questions are no documents that can be searched here: {named}. A "
            "doc_id is a document's external id."
        )


def write_cases(path: Path, cases: Sequence[Case]) -> None:
    """One line of JSON each."""
    path.write_text("".join(json.dumps(asdict(case)) + "\n" for case in cases), encoding="utf-8")


def read_cases(path: Path) -> Iterator[Case]:
    """Raises InvalidInputError for a file that `write_cases` did not write."""
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            model = str(row.get("model", ""))
            yield Case(str(row["question"]), Signals(**row["signals"]), bool(row["answerable"]), model)
        except (KeyError, TypeError) as error:
            raise InvalidInputError(f"{path}, line {number} is not what --save writes.") from error
