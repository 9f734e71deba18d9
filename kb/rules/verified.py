"""Answering from a verified answer: the best match that this person may see and whose sources still stand.

A verified answer is an offer, not a barrier. Where it cannot be evaluated (the search server is down, or the
vectors are of another model) the words alone decide, and a question that then misses it goes the ordinary
way, on which every sentence is proved. It never answers on a doubt: not when a source is gone, not when two
verified answers are equally near.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from kb.exceptions import KBError
from kb.library.access import AnyUser, documents_for
from kb.rules.active import Active, ActiveAnswer
from kb.rules.labels import allowed
from kb.rules.matching import core, difference, overlap, same_words, vetoed
from kb.rules.models import VerifiedAnswer
from kb.rules.sources import StandingSource, standing_sources
from kb.rules.threshold import semantic
from kb.search.client import Encoded

logger = logging.getLogger(__name__)

# Two verified answers nearer to each other than this are not told apart.
_APART = 0.01
_LONGEST_CHARS = 500


class Encoder(Protocol):
    """What of the search client is used; see `kb.search.client.SearchClient.encode`."""

    def encode(self, texts: Sequence[str]) -> Encoded: ...


@dataclass(frozen=True)
class Match:
    """How near a question came to a verified answer.

    Attributes:
        nearness: 1.0 for the same words.
        needed: the threshold that holds for this kind.
        kind: ``same words``, ``semantic`` or ``lexical``.
        differs: what makes it another question; then it is none, whatever the nearness.
    """

    answer: ActiveAnswer
    variant: str
    nearness: float
    needed: float
    kind: str
    differs: str = ""

    @property
    def holds(self) -> bool:
        return not self.differs and self.nearness >= self.needed


@dataclass(frozen=True)
class Verified:
    """A verified answer with its sources, for one reader."""

    match: Match
    text: str
    sources: tuple[StandingSource, ...]


def find_verified(
    active: Active,
    user: AnyUser,
    groups: frozenset[int],
    question: str,
    collections: Collection[int],
    encoder: Encoder | None,
    today: date,
) -> Verified | None:
    """The verified answer to a question, if there is one for this reader.

    Args:
        collections: that the question is asked of, all readable for the person.
        encoder: None where there is no search server.
    """
    answers = [
        answer
        for answer in active.answers
        if answer.collection_id in collections and (answer.valid_until is None or today <= answer.valid_until)
    ]
    if not answers or len(core(question)) > _LONGEST_CHARS:
        return None
    holding = sorted(
        (match for match in matches(question, answers, encoder) if match.holds),
        key=lambda match: -match.nearness,
    )
    if not holding or (len(holding) > 1 and holding[0].nearness - holding[1].nearness < _APART):
        return None
    return _with_sources(active, user, groups, holding[0])


def matches(question: str, answers: Sequence[ActiveAnswer], encoder: Encoder | None) -> list[Match]:
    """The nearest variant of each answer."""
    plainly = [_by_words(question, answer) for answer in answers]
    if encoder is None or any(match.kind == "same words" for match in plainly):
        return plainly
    try:
        encoded = encoder.encode([core(question)])
    except KBError as error:
        logger.warning("Verified answers are matched by words alone: %s", error.message)
        return plainly
    vector = np.asarray(encoded.vectors[0], np.float32)
    return [
        _by_vector(question, vector, answer)
        if answer.model == encoded.model and answer.semantic_threshold
        else match
        for answer, match in zip(answers, plainly, strict=True)
    ]


def _by_words(question: str, answer: ActiveAnswer) -> Match:
    for variant in answer.variants:
        if same_words(question, variant.question):
            return Match(answer, variant.question, 1.0, answer.lexical_threshold, "same words")
    scored = [(overlap(question, variant.question), variant.question) for variant in answer.variants]
    return _best(question, answer, scored, answer.lexical_threshold, "lexical")


def _by_vector(
    question: str, vector: np.ndarray[tuple[int], np.dtype[np.float32]], answer: ActiveAnswer
) -> Match:
    scored = [
        (semantic(float(vector @ variant.vector), question, variant.question), variant.question)
        for variant in answer.variants
        if variant.vector is not None and len(variant.vector) == len(vector)
    ]
    return _best(question, answer, scored, answer.semantic_threshold or 1.0, "semantic")


def _best(
    question: str, answer: ActiveAnswer, scored: Sequence[tuple[float, str]], needed: float, kind: str
) -> Match:
    """The nearest variant of those that ask the same; where none does, the nearest with what differs."""
    ordered = sorted(scored, key=lambda item: -item[0])
    if vetoed(question, (variant.question for variant in answer.variants)):
        return Match(answer, ordered[0][1], ordered[0][0], needed, kind, "variant")
    told = [(nearness, variant, difference(question, variant)) for nearness, variant in ordered]
    nearness, variant, differs = next(
        (item for item in told if not item[2]), told[0] if told else (0.0, "", "nothing")
    )
    return Match(answer, variant, nearness, needed, kind, differs)


def _with_sources(active: Active, user: AnyUser, groups: frozenset[int], match: Match) -> Verified | None:
    row = VerifiedAnswer.objects.filter(pk=match.answer.pk).first()
    if row is None:
        return None
    sources = standing_sources(row)
    if sources is None:
        return None
    documents = {source.document.pk for source in sources}
    readable = set(documents_for(user).filter(pk__in=documents).values_list("pk", flat=True))
    labelled = all(
        allowed(active, groups, item.document.collection_id, item.document.external_id) for item in sources
    )
    if documents - readable or not labelled:
        return None
    return Verified(match, row.text, tuple(sources))
