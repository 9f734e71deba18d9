"""Planting: labelled sentences of each kind from the passages of a data set."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.exceptions import InvalidInputError
from kb.quality.datasets import EvalDocument, load_documents
from kb.quality.planting.exact_errors import other_date, other_name, other_number, other_unit
from kb.quality.planting.meaning_errors import direction, modality, negation, quantifier
from kb.quality.planting.source import Change, Source, sources_of
from kb.quality.planting.subject_errors import swapped_subject
from kb.quality.planting.truths import (
    contraction,
    date_format,
    dropped_adverb,
    number_words,
    reordered,
    synonym,
    verbatim,
    voice,
)

ERRORS: Mapping[str, Change] = {
    "number": other_number,
    "date": other_date,
    "name": other_name,
    "negation": negation,
    "unit": other_unit,
    "swapped subject": swapped_subject,
    "modality": modality,
    "quantifier": quantifier,
    "direction": direction,
}
TRUTHS: Mapping[str, Change] = {
    "verbatim": verbatim,
    "dropped adverb": dropped_adverb,
    "number words": number_words,
    "date format": date_format,
    "contraction": contraction,
    "synonym": synonym,
    "reordered": reordered,
    "voice": voice,
}
_TEXT_FILES = frozenset({".md", ".txt"})
# About a chunk.
_PASSAGE_CHARS = 1200


@dataclass(frozen=True)
class Planted:
    """A sentence to judge against the passage that it was made from.

    Attributes:
        original: what the passage says.
    """

    kind: str
    sentence: str
    passage: str
    supported: bool
    original: str


def plant(passages: Sequence[str], seed: int = 0, per_kind: int | None = None) -> list[Planted]:
    """Make what can be made, each kind on its own; the same seed gives the same sentences.

    Args:
        per_kind: at most so many of each kind, drawn.
    """
    sources = sources_of(passages)
    made: list[Planted] = []
    for supported, changes in ((False, ERRORS), (True, TRUTHS)):
        for kind, change in changes.items():
            made += _of_kind(kind, change, supported, sources, seed, per_kind)
    return made


def _of_kind(
    kind: str, change: Change, supported: bool, sources: Sequence[Source], seed: int, most: int | None
) -> Iterator[Planted]:
    chance = random.Random(f"{seed} {kind}")  # noqa: S311 - a draw, not a secret
    made = 0
    for source in chance.sample(sources, len(sources)):
        if made == most:
            return
        sentence = change(source, chance)
        if sentence is None or (sentence == source.sentence and kind != "verbatim"):
            continue
        made += 1
        yield Planted(kind, sentence, source.passage, supported, source.sentence)


def passages_in(folder: Path) -> list[str]:
    """The documents of a data set, cut at empty lines into passages of about a chunk.

    Raises:
        InvalidInputError: the folder holds no documents, or one that is no text.
    """
    documents = load_documents(folder)
    if not documents:
        raise InvalidInputError(f"{folder} holds no documents.")
    return [passage for document in documents for passage in _passages(_text(document))]


def _text(document: EvalDocument) -> str:
    if document.path is None:
        return document.text
    if document.path.suffix.lower() not in _TEXT_FILES:
        raise InvalidInputError(f"{document.path.name} is no Markdown or text: nothing can be planted in it.")
    return document.path.read_text("utf-8", "replace")


def _passages(text: str) -> Iterator[str]:
    held: list[str] = []
    for block in text.split("\n\n"):
        if held and sum(map(len, held)) + len(block) > _PASSAGE_CHARS:
            yield "\n\n".join(held)
            held = []
        if block.strip():
            held.append(block)
    if held:
        yield "\n\n".join(held)
