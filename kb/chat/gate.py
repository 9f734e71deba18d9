"""Whether the passages hold enough to answer from, by the calibration of the collections searched."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kb.chat.models import Calibration
from kb.chat.opinion import Opinion
from kb.rag.gate import Gate, default_gate, gate_from
from kb.rag.nearness import Nearness, nearness_of
from kb.rag.presumed import unknown_names
from kb.rag.signals import Signals, signals_of
from kb.rag.types import Passage
from kb.search.replicas import search_client

UNKNOWN_NAMES = "unknown_names"
_OPINION = "opinion"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judgement:
    """Whether to answer.

    Attributes:
        reason: why not: nothing_found, not_relevant or unknown_name; empty when there is enough.
        nearness: of the statements of the passages to the question.
        open: what decides once the language model has given its opinion; None where it is not asked.
    """

    reason: str
    trace: dict[str, Any]
    nearness: Nearness = field(default_factory=dict)
    open: Open | None = None


@dataclass(frozen=True)
class Open:
    """A judgement that the opinion of `gate.model` decides."""

    gate: Gate
    signals: Signals

    def lets_through(self, opinion: float) -> bool:
        """Whether there is enough to answer from with an opinion of this probability."""
        return self.gate.lets_through(replace(self.signals, opinion=opinion))


def judge(question: str, passages: Sequence[Passage], collections: Sequence[int]) -> Judgement:
    """Decide before the model is asked for an answer.

    Args:
        collections: those that were searched.

    Raises:
        SearchUnavailableError: the sentences of the passages cannot be compared with the question.
    """
    if not passages:
        return Judgement("nothing_found", {})
    gate = gate_for(collections)
    nearness = nearness_of(question, passages, search_client().cosines)
    signals = signals_of(question, passages, nearness)
    unknown = unknown_names(question, passages)
    # With a model to be asked, the most that it may say: where that is too little, it is not asked.
    reason, trace = _decided(gate, replace(signals, opinion=1.0 if gate.model else 0.0))
    if unknown:
        return Judgement("unknown_name", {**trace, UNKNOWN_NAMES: list(unknown)}, nearness)
    asked = Open(gate, signals) if gate.model and not reason else None
    return Judgement(reason, trace, nearness, asked)


def decided(judgement: Judgement, opinion: Opinion | None) -> Judgement:
    """The judgement with the language model's opinion.

    Where the endpoint gives none, or another model answers than the calibration was made with, the fit that
    ships decides, which needs none.
    """
    assert judgement.open is not None  # noqa: S101 - asked by the caller
    gate, signals = judgement.open.gate, judgement.open.signals
    if opinion is not None and opinion.model == gate.model:
        signals = replace(signals, opinion=opinion.probability)
    else:
        logger.warning("The calibration was made with %s, which does not answer; calibrate anew.", gate.model)
        gate = default_gate()
    reason, trace = _decided(gate, signals)
    trace |= {_OPINION: round(signals.opinion, 4)} if gate.model else {}
    return replace(judgement, reason=reason, trace=trace, open=None)


def _decided(gate: Gate, signals: Signals) -> tuple[str, dict[str, Any]]:
    """Why not to answer, empty when there is enough; and what was measured."""
    probability = gate.probability(signals)
    trace = {
        **_rounded(signals),
        "probability": round(probability, 4),
        "threshold": round(gate.threshold, 4),
    }
    return "" if gate.lets_through(signals) else "not_relevant", trace


def gate_for(collections: Sequence[int]) -> Gate:
    """That of the one collection searched, else that of the installation, else the one that ships."""
    known = Calibration.objects.order_by("-pk")
    made = known.filter(collection_id__in=collections).first() if len(set(collections)) == 1 else None
    made = made or known.filter(collection=None).first()
    return gate_from(made.gate) if made is not None else default_gate()


def _rounded(signals: Signals) -> dict[str, float]:
    """What retrieval tells; an opinion may only have been supposed."""
    names = Signals.__dataclass_fields__.keys() - {_OPINION}
    return {name: round(getattr(signals, name), 4) for name in sorted(names)}
