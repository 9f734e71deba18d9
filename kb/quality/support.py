"""evaluate support: the support checker's verdicts against labelled sentences.

The labels come with a file, or the program makes the sentences itself from the passages of a data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.exceptions import InvalidInputError
from kb.quality.datasets import read_jsonl
from kb.quality.deployment import throw_away_deployment
from kb.quality.intervals import wilson
from kb.quality.people import agreement, rated_in
from kb.quality.planting.plant import passages_in, plant
from kb.rag.support import check_sentence
from kb.rag.types import Passage

# Planted sentences of a kind, unless --limit says otherwise.
PER_KIND = 300


@dataclass(frozen=True)
class Labelled:
    """A sentence, what it was taken from, and whether that supports it."""

    sentence: str
    passage: str
    supported: bool
    kind: str = "all"


def evaluate_support(path: Path, limit: int | None, seed: int) -> dict[str, Any]:
    """Precision and recall of the verdict "supported", and the share of right verdicts by kind.

    Args:
        path: a JSONL file of labelled sentences, or a data set folder, in whose passages errors and true
            sentences are planted. Where people rated answers in it, the agreement with them is told too.
        limit: sentences of a file, or planted ones of each kind.

    Raises:
        InvalidInputError: a line of the file lacks something, or the folder holds no texts.
    """
    rows = labelled_in(path, limit, seed)
    found = figures(rows, [says_supported(row.sentence, row.passage) for row in rows])
    rated = rated_in(path) if path.is_dir() else []
    if rated:
        with throw_away_deployment(with_llm=False) as deployment:
            found["people"] = agreement(rated, deployment.search_client().cosines, seed)
    return found


def labelled_in(path: Path, limit: int | None, seed: int) -> list[Labelled]:
    """The labelled sentences of a file, or planted ones of a folder; see `evaluate_support`."""
    if path.is_dir():
        made = plant(passages_in(path), seed, limit or PER_KIND)
        return [Labelled(item.sentence, item.passage, item.supported, item.kind) for item in made]
    return [_labelled(row, number) for number, row in enumerate(read_jsonl(path), 1)][:limit]


def figures(rows: Sequence[Labelled], verdicts: Sequence[bool]) -> dict[str, Any]:
    """What the verdicts are worth; shares are fractions, with their 95% intervals (Wilson 1927)."""
    judged = list(zip(rows, verdicts, strict=True))
    by_kind: dict[str, list[bool]] = {}
    for row, verdict in judged:
        by_kind.setdefault(row.kind, []).append(verdict == row.supported)
    return {
        "n": len(rows),
        "precision": _share([row.supported for row, verdict in judged if verdict]),
        "recall": _share([verdict for row, verdict in judged if row.supported]),
        "errors_refused": wilson([not verdict for row, verdict in judged if not row.supported]),
        "truths_kept": wilson([verdict for row, verdict in judged if row.supported]),
        "by_kind": {kind: wilson(right) for kind, right in sorted(by_kind.items())},
    }


def says_supported(sentence: str, passage: str) -> bool:
    """The product's verdict on a sentence beside this passage alone."""
    shown = Passage(
        n=1, chunk_id=0, document_id=0, document_title="", version=1, text=passage, start=0, end=len(passage)
    )
    return check_sentence(sentence, [1], [shown]).supported


def _labelled(row: dict[str, Any], number: int) -> Labelled:
    sentence, passage, supported = row.get("sentence"), row.get("passage"), row.get("supported")
    if not (isinstance(sentence, str) and isinstance(passage, str) and isinstance(supported, bool)):
        raise InvalidInputError(
            f"Line {number} needs sentence and passage, both texts, and supported, true or false."
        )
    return Labelled(sentence, passage, supported, str(row.get("kind", "all")))


def _share(found: Sequence[bool]) -> float | None:
    return round(sum(found) / len(found), 4) if found else None
