"""Ordering what two rankings found, by how far each chunk stands out in them.

Reciprocal rank fusion sees ranks only: a clear first place counts as much as one that is hardly ahead. Here
each score is standardised over the candidates, so that it says how far a chunk stands out from the others.
The weight is a round number, chosen on five sets of which four do better than with reciprocal ranks and one
a little worse (docs/decisions/0012-fusion.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

DENSE_WEIGHT = 0.7

Floats = npt.NDArray[np.float64]


def rank_by_evidence(
    candidates: Collection[int], cosines: Mapping[int, float], bm25s: Mapping[int, float]
) -> list[int]:
    """Order candidates, best first; equal ones by id.

    Args:
        cosines: of every candidate.
        bm25s: of the candidates that hold a word of the question; the others count as 0.
    """
    chunks = sorted(candidates)
    if not chunks:
        return []
    dense = _standardised([cosines[chunk] for chunk in chunks])
    lexical = _standardised([bm25s.get(chunk, 0.0) for chunk in chunks])
    evidence = DENSE_WEIGHT * dense + (1 - DENSE_WEIGHT) * lexical
    return [chunks[at] for at in np.argsort(-evidence, kind="stable")]


def _standardised(values: Sequence[float]) -> Floats:
    """Zero mean, unit variance; all zero when the values do not differ."""
    array = np.asarray(values, np.float64)
    deviation = float(array.std())
    centred: Floats = array - array.mean()
    return centred / deviation if deviation > 1e-9 else np.zeros_like(centred)
