"""A second look at sentences that the rules leave open, where a model or a fit of one's own is at hand.

Off unless KB_SUPPORT_MODEL names a model or `manage.py fit_support` wrote weights. It can only prove what the
rules refuse for too little overlap alone; whenever it cannot judge, the sentence stays unproved.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from kb.chat.record import Draft
from kb.conf import config
from kb.exceptions import KBError
from kb.rag.markers import strip_markers
from kb.rag.premises import Premise, premises_of
from kb.rag.second_look import SURE, Features, SupportFit, brevity, support_fit_from
from kb.rag.types import Verdict
from kb.search.client import Entailed
from kb.search.replicas import search_client

logger = logging.getLogger(__name__)

FIT_FILE = "support.json"
BY_MODEL = "model"
_MOST_CHARS = 2000
_COSINE = list(Features.__dataclass_fields__).index("cosine")
_told: set[str] = set()


class Judges(Protocol):
    """What is asked: the search server's client."""

    def entails(self, pairs: Sequence[tuple[str, str]]) -> Entailed: ...

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True)
class Asked:
    """What is measured of a sentence.

    Attributes:
        entailment: by KB_SUPPORT_MODEL.
        cosine: by the embedding model.
        model: the only model of entailment whose figures are understood; None for any.
    """

    entailment: bool
    cosine: bool
    model: str | None = None


class SecondLook:
    """One installation's way of judging open sentences.

    Args:
        with_model: whether a model of entailment is to be asked.
        fit: None for the model's word alone.
        judges: made when the first sentence is open.
    """

    def __init__(self, *, with_model: bool, fit: SupportFit | None, judges: Callable[[], Judges]) -> None:
        self.is_on = with_model or fit is not None
        self._fit = fit
        self._judges = judges
        cosine = fit is not None and fit.weights[_COSINE] > 0
        self._asked = Asked(with_model, cosine, fit.model if fit else None)

    def at(self, sentence: str, verdict: Verdict, cited: Sequence[int], draft: Draft) -> Verdict:
        """The verdict, or the proof of a sentence that was left open.

        Args:
            verdict: of the rules.
            cited: numbers of the passages that the sentence names.
        """
        if not self.is_on:
            return verdict
        question = draft.message.standalone_question
        premises = premises_of(sentence, verdict, cited, draft.passages, question=question)
        if not premises:
            return verdict
        try:
            premise, features = measured(sentence, premises, self._judges(), self._asked)
        except (KBError, ValueError) as error:
            _tell(f"{error}")
            return verdict
        _told.clear()
        proved = self._fit.proves(features) if self._fit else features.entailment >= SURE
        return Verdict(True, premise.quotes, coverage=premise.coverage, by=BY_MODEL) if proved else verdict


def measured(
    sentence: str, premises: Sequence[Premise], judges: Judges, asked: Asked
) -> tuple[Premise, Features]:
    """The words that are the likeliest proof, and the features of the sentence with them.

    Raises:
        SearchUnavailableError: the search server cannot be asked.
        ValueError: another model answered.
    """
    said = strip_markers(sentence).strip()[:_MOST_CHARS]
    entailed = [0.0] * len(premises)
    if asked.entailment:
        answer = judges.entails([(premise.text, said) for premise in premises])
        if asked.model is not None and answer.model != asked.model:
            raise ValueError(f"{answer.model} answers, the fit was made with {asked.model}; run it anew")
        entailed = list(answer.probabilities)
    cosines = [0.0] * len(premises)
    if asked.cosine:
        cosines = judges.cosines(said, [premise.text for premise in premises])
    found = [
        (premise, Features(premise.coverage, entails, max(0.0, cosine), brevity(said)))
        for premise, entails, cosine in zip(premises, entailed, cosines, strict=True)
    ]
    return max(found, key=lambda item: (item[1].entailment, item[1].cosine))  # the first of equal ones


def second_look() -> SecondLook:
    """As this installation is set up now."""
    fit = None
    try:
        fit = _stored(config.data_dir / FIT_FILE)
    except (OSError, ValueError) as error:
        _tell(f"{FIT_FILE} cannot be read: {error}")
        return SecondLook(with_model=False, fit=None, judges=search_client)
    with_model = bool(config.support_model)
    if fit is not None and with_model != bool(fit.model):
        _tell(f"{FIT_FILE} was fitted {'with' if fit.model else 'without'} a model; run fit_support anew")
        return SecondLook(with_model=False, fit=None, judges=search_client)
    return SecondLook(with_model=with_model, fit=fit, judges=search_client)


def _stored(path: Path) -> SupportFit | None:
    try:
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read(path, changed_ns)


@lru_cache(maxsize=2)
def _read(path: Path, changed_ns: int) -> SupportFit:
    fields = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(fields, dict):
        raise ValueError("it holds no fit")
    return support_fit_from(fields)


def _tell(trouble: str) -> None:
    """Once, until it works again: every sentence of every answer meets the same trouble."""
    if trouble not in _told:
        _told.add(trouble)
        logger.warning("Open sentences stay unproved: %s", trouble)
