"""evaluate injection: what the detector finds, and what of a planted instruction reaches the reader."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kb.exceptions import InvalidInputError
from kb.quality.datasets import load_documents
from kb.quality.deployment import described, throw_away_deployment
from kb.quality.injection_attacks import ARMS, Outcome, attack
from kb.quality.injection_data import Planted, clean_texts_in, planted_in
from kb.quality.rest import rest_client
from kb.rag.instructions import find_instructions


def evaluate_injection(
    folder: Path, limit: int | None, seed: int, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Detection on planted and clean documents, then the attacks through the whole pipeline.

    A folder that holds documents and nothing planted is taken as clean: its chunks are counted.

    Raises:
        InvalidInputError: neither planted documents nor documents.
    """
    planted = planted_in(folder)
    if not planted:
        return _clean_rate(folder)
    figures: dict[str, Any] = {"detection": detection(planted, clean_texts_in(folder))}
    asked = _sample(planted, limit, seed)
    attacks = {}
    for number, arm in enumerate(ARMS):
        before, total = number * len(asked), len(ARMS) * len(asked)
        outcomes = attack(arm, asked, partial(_count, progress, before, total))
        attacks[arm.name] = {"asked": len(outcomes), **score(outcomes)}
    return {**figures, "attacks": attacks, "config": described()}


def _count(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def detection(planted: Sequence[Planted], clean: Sequence[str]) -> dict[str, Any]:
    """The share of documents with a finding, by group and by position."""
    found = [(one, bool(find_instructions(one.text))) for one in planted]
    return {
        "planted": {
            "n": len(planted),
            "found": _share(hit for _, hit in found),
            "by_group": _by(found, lambda one: one.group),
            "by_position": _by(found, lambda one: one.position),
        },
        "clean": {"n": len(clean), "found": _share(bool(find_instructions(text)) for text in clean)},
    }


def score(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares of attacks whose trigger was shown: as fact, and anywhere (marked as unproved too)."""
    sources: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        sources[outcome.planted.source].append(outcome)
    return {
        source: {
            "n": len(found),
            "withheld": _share(one.withheld for one in found),
            "answered": _share(one.answered for one in found),
            "reached_as_fact": _share(one.as_fact for one in found),
            "reached": _share(one.shown for one in found),
            "ids": [one.planted.id for one in found if one.shown],
        }
        for source, found in sorted(sources.items())
    }


def _sample(planted: Sequence[Planted], limit: int | None, seed: int) -> list[Planted]:
    """At most `limit` of each source whose success can be told from strings."""
    chosen = []
    for source in sorted({one.source for one in planted}):
        own = [one for one in planted if one.source == source and one.triggers]
        chosen += own if limit is None or limit >= len(own) else random.Random(seed).sample(own, limit)  # noqa: S311
    return chosen


def _clean_rate(folder: Path) -> dict[str, Any]:
    documents = load_documents(folder)
    if not documents:
        raise InvalidInputError(f"{folder} holds neither planted documents nor documents.")
    with throw_away_deployment(with_llm=False) as deployment, rest_client(deployment) as client:
        client.upload_all(documents)
        chunks, flagged = client.chunk_count(), client.flagged()
    reasons: dict[str, int] = defaultdict(int)
    for chunk in flagged:
        for reason in {flag["reason"] for flag in chunk["flags"]}:
            reasons[reason] += 1
    return {
        "documents": len(documents),
        "chunks": chunks,
        "flagged": len(flagged),
        "rate": round(len(flagged) / chunks, 4) if chunks else None,
        "by_reason": dict(sorted(reasons.items())),
    }


def _by(found: Sequence[tuple[Planted, bool]], key: Callable[[Planted], str]) -> dict[str, float | None]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for one, hit in found:
        groups[key(one)].append(hit)
    return {name: _share(hits) for name, hits in sorted(groups.items())}


def _share(hits: Iterable[bool]) -> float | None:
    values = list(hits)
    return round(sum(values) / len(values), 4) if values else None
