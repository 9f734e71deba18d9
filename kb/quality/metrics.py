"""Measures of retrieval and of short answers. All are fractions from 0 to 1."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

_PUNCTUATION = re.compile(r"[^\w\s]|_", re.UNICODE)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def ndcg(ranking: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """Normalised discounted cumulative gain with linear gain, as trec_eval's ndcg_cut."""
    gained = sum(relevant.get(item, 0.0) / math.log2(rank + 2) for rank, item in enumerate(ranking[:k]))
    best = sorted(relevant.values(), reverse=True)[:k]
    ideal = sum(grade / math.log2(rank + 2) for rank, grade in enumerate(best))
    return gained / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    wanted = {item for item, grade in relevant.items() if grade > 0}
    return len(wanted & set(ranking[:k])) / len(wanted) if wanted else 0.0


def hit(ranking: Sequence[str], relevant: Mapping[str, float], k: int = 1) -> float:
    return float(any(relevant.get(item, 0) > 0 for item in ranking[:k]))


def reciprocal_rank(ranking: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    for rank, item in enumerate(ranking[:k], start=1):
        if relevant.get(item, 0) > 0:
            return 1 / rank
    return 0.0


def fold(text: str) -> str:
    """Lower case, punctuation as spaces, single spaces."""
    return " ".join(_PUNCTUATION.sub(" ", text.lower()).split())


def contains_answer(shown: str, accepted: Sequence[str]) -> bool:
    """Whether an accepted answer occurs in the shown text, case and punctuation folded, at word borders."""
    folded = f" {fold(shown)} "
    return any(fold(answer) and f" {fold(answer)} " in folded for answer in accepted)


def token_f1(shown: str, accepted: Sequence[str]) -> float:
    """Best token F1 against an accepted answer, as SQuAD computes it."""
    return max((_f1(_tokens(shown), _tokens(answer)) for answer in accepted), default=0.0)


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", fold(text)).split()


def _f1(shown: list[str], accepted: list[str]) -> float:
    common = sum((Counter(shown) & Counter(accepted)).values())
    if not common:
        return 0.0
    precision, recalled = common / len(shown), common / len(accepted)
    return 2 * precision * recalled / (precision + recalled)


def percentile(values: Sequence[float], fraction: float) -> float | None:
    """By the nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(fraction * len(ordered)) - 1 if fraction else 0)]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
