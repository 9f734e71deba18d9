"""Ordering what two rankings found, by how far each chunk stands out in them.

Reciprocal rank fusion sees ranks only: a clear first place counts as much as one that is hardly ahead. Here
each score is standardised over the candidates, so that it says how far a chunk stands out from the others.
The weights are round numbers, chosen on five sets of which four do better than with reciprocal ranks and one
a little worse, and on questions in two languages that the built-in model does not know
(docs/decisions/0012-fusion.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

DENSE_WEIGHT = 0.7
# Where the model does not know the language: its vectors still tell names and numbers.
LEAST_DENSE_WEIGHT = 0.4
# Shares of split words: English questions have fewer than the first, strange languages more than the second.
_FLUENT, _STRANGE = 0.25, 0.5

Floats = npt.NDArray[np.float64]


def dense_weight(split_share: float) -> float:
    """How much the vectors count for a question, against its words.

    Args:
        split_share: the share of its words that the embedding model knows only in pieces, 0 to 1.
    """
    strangeness = min(1.0, max(0.0, (split_share - _FLUENT) / (_STRANGE - _FLUENT)))
    return DENSE_WEIGHT - strangeness * (DENSE_WEIGHT - LEAST_DENSE_WEIGHT)


def rank_by_evidence(
    candidates: Collection[int],
    cosines: Mapping[int, float],
    bm25s: Mapping[int, float],
    weight: float = DENSE_WEIGHT,
) -> list[int]:
    """Order candidates, best first; equal ones by id.

    Args:
        cosines: of every candidate.
        bm25s: of the candidates that hold a word of the question; the others count as 0.
        weight: of the cosines; BM25 has the rest.
    """
    chunks = sorted(candidates)
    if not chunks:
        return []
    dense = _standardised([cosines[chunk] for chunk in chunks])
    lexical = _standardised([bm25s.get(chunk, 0.0) for chunk in chunks])
    evidence = weight * dense + (1 - weight) * lexical
    return [chunks[at] for at in np.argsort(-evidence, kind="stable")]


def _standardised(values: Sequence[float]) -> Floats:
    """Zero mean, unit variance; all zero when the values do not differ."""
    array = np.asarray(values, np.float64)
    deviation = float(array.std())
    centred: Floats = array - array.mean()
    return centred / deviation if deviation > 1e-9 else np.zeros_like(centred)
