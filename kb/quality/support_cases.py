"""The sentences that a fit of the second look is made on: those that the rules leave open."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.chat.second_look import Asked, Judges, measured
from kb.quality.people import rated_in, sentences_of
from kb.quality.support import PER_KIND, labelled_in
from kb.rag.premises import premises_of
from kb.rag.second_look import Features
from kb.rag.support import check_sentence
from kb.rag.types import Passage

# Of ratings from 1 to 4. One for an answer says little of each of its sentences; it is all that there is.
_FAITHFUL = 3.0


@dataclass(frozen=True)
class Sentence:
    """A labelled sentence beside what it was written from.

    Attributes:
        group: sentences of one group never stand on both sides of a fold.
    """

    group: str
    text: str
    question: str
    passages: tuple[Passage, ...]
    supported: bool


@dataclass(frozen=True)
class OpenCase:
    """A sentence that the rules left open, as the fit sees it."""

    group: str
    features: Features
    supported: bool


def sentences_in(path: Path, seed: int, *, ratings: bool = False) -> Iterator[Sentence]:
    """The labelled sentences of a file, or planted ones of a data set.

    Args:
        ratings: instead, the sentences of the answers that people rated, each with its answer's label.

    Raises:
        InvalidInputError: a line lacks something, or the folder holds no texts.
    """
    if ratings:
        for answer in rated_in(path):
            for text in sentences_of(answer):
                faithful = answer.faithfulness >= _FAITHFUL
                yield Sentence(answer.question, text, answer.question, answer.passages, faithful)
        return
    for row in labelled_in(path, PER_KIND if path.is_dir() else None, seed):
        group = hashlib.sha256(row.passage.encode()).hexdigest()
        yield Sentence(group, row.sentence, "", (_passage(row.passage),), row.supported)


def open_cases(sentences: Iterable[Sentence], judges: Judges, asked: Asked) -> Iterator[OpenCase]:
    """Measure those that are open.

    Raises:
        SearchUnavailableError: the search server cannot be asked.
    """
    for one in sentences:
        verdict = check_sentence(one.text, [], one.passages, question=one.question)
        premises = premises_of(one.text, verdict, [], one.passages, question=one.question)
        if premises:
            _, features = measured(one.text, premises, judges, asked)
            yield OpenCase(one.group, features, one.supported)


def _passage(text: str) -> Passage:
    return Passage(
        n=1, chunk_id=0, document_id=0, document_title="", version=1, text=text, start=0, end=len(text)
    )
