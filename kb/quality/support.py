"""evaluate support: the support checker's verdicts against labelled sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kb.quality.datasets import read_jsonl
from kb.rag.support import check_sentence
from kb.rag.types import Passage


def evaluate_support(path: Path) -> dict[str, Any]:
    """Precision and recall of the verdict "supported", and the share of right verdicts by kind."""
    rows = list(read_jsonl(path))
    verdicts = [_verdict(row["sentence"], row["passage"]) for row in rows]
    pairs = [(verdict, bool(row["supported"])) for verdict, row in zip(verdicts, rows, strict=True)]
    right = sum(verdict and label for verdict, label in pairs)
    said = sum(verdict for verdict, _ in pairs)
    true = sum(label for _, label in pairs)
    by_kind: dict[str, list[bool]] = {}
    for (verdict, label), row in zip(pairs, rows, strict=True):
        by_kind.setdefault(str(row.get("kind", "all")), []).append(verdict == label)
    return {
        "n": len(rows),
        "precision": round(right / said, 4) if said else None,
        "recall": round(right / true, 4) if true else None,
        "by_kind": {
            kind: {"n": len(found), "right": round(sum(found) / len(found), 4)}
            for kind, found in sorted(by_kind.items())
        },
    }


def _verdict(sentence: str, passage: str) -> bool:
    shown = Passage(
        n=1, chunk_id=0, document_id=0, document_title="", version=1, text=passage, start=0, end=len(passage)
    )
    return check_sentence(sentence, [1], [shown]).supported
