"""Whether the passages hold enough to answer from, by the calibration of the collections searched."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kb.chat.models import Calibration
from kb.rag.gate import Gate, default_gate, gate_from
from kb.rag.nearness import Nearness, nearness_of
from kb.rag.presumed import unknown_names
from kb.rag.signals import Signals, signals_of
from kb.rag.types import Passage
from kb.search.replicas import search_client

UNKNOWN_NAMES = "unknown_names"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judgement:
    """Whether to answer.

    Attributes:
        reason: why not: nothing_found, not_relevant or unknown_name; empty when there is enough.
        nearness: of the statements of the passages to the question.
    """

    reason: str
    trace: dict[str, Any]
    nearness: Nearness = field(default_factory=dict)


def judge(question: str, passages: Sequence[Passage], collections: Sequence[int]) -> Judgement:
    """Decide before the model is asked.

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
    probability = gate.probability(signals)
    trace: dict[str, Any] = {
        **_rounded(signals),
        "probability": round(probability, 4),
        "threshold": round(gate.threshold, 4),
    }
    unknown = unknown_names(question, passages)
    trace |= {UNKNOWN_NAMES: list(unknown)} if unknown else {}
    reason = "unknown_name" if unknown else "" if probability >= gate.threshold else "not_relevant"
    return Judgement(reason, trace, nearness)


def gate_for(collections: Sequence[int]) -> Gate:
    """That of the one collection searched, else that of the installation, else the one that ships."""
    known = Calibration.objects.order_by("-pk")
    made = known.filter(collection_id__in=collections).first() if len(set(collections)) == 1 else None
    made = made or known.filter(collection=None).first()
    return gate_from(made.gate) if made is not None else default_gate()


def _rounded(signals: Signals) -> dict[str, float]:
    return {name: round(getattr(signals, name), 4) for name in Signals.__dataclass_fields__}
