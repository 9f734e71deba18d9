"""What is near in meaning to what answers, tends to answer too.

Score regularisation after Diaz, "Regularizing query-based retrieval scores" (Information Retrieval 10, 2007):
scores of candidates are smoothed over a graph of their nearest neighbours. A chunk that matches the question
by accident stands alone; one that is about it stands among others that are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_NEIGHBOURS = 10
_SHARE = 0.25
_EQUAL = 1e-6

Floats = npt.NDArray[np.float64]


def with_neighbours(scores: Floats, vectors: npt.NDArray[np.float32]) -> Floats:
    """Each score mixed with the mean score of its nearest neighbours, by how near they are.

    Args:
        scores: [n].
        vectors: [n, dimension], L2-normalised.
    """
    count = min(_NEIGHBOURS, len(scores) - 1)
    if count < 1:
        return scores
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2.0)
    # All that are as near as the last of them: which of several copies is stored first decides nothing.
    last = np.partition(cosines, -count, axis=1)[:, -count, np.newaxis]
    near = np.where(cosines >= last - _EQUAL, np.maximum(cosines, 0.0), 0.0)
    # Of the cosine's cube: the nearest neighbours say most.
    weights = (near * near * near).astype(np.float64)
    total = weights.sum(axis=1)
    # Who has nobody near keeps what it has.
    around = np.where(total > 0, weights @ scores / np.maximum(total, 1e-12), scores)
    mixed: Floats = (1 - _SHARE) * scores + _SHARE * around
    return mixed
