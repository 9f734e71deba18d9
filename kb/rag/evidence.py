"""Ordering what two rankings found, by how far each chunk stands out in them.

Reciprocal rank fusion sees ranks only: a clear first place counts as much as one that is hardly ahead. Here
each score is standardised over the candidates, so that it says how far a chunk stands out from the others.
Then a chunk gains from neighbours in meaning that stand out as well (`kb.rag.neighbours`), and loses where it
is mostly links, which name what can be read elsewhere. The constants are round numbers on a plateau of six
sets in two languages that the built-in model knows, or does not (docs/decisions/0012-fusion.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kb.rag.neighbours import with_neighbours

DENSE_WEIGHT = 0.65
# Where the model does not know the language: its vectors still tell names and numbers.
LEAST_DENSE_WEIGHT = 0.45
# Shares of split words: English questions have fewer than the first, strange languages more than the second.
_FLUENT, _STRANGE = 0.25, 0.5
# A chunk of nothing but links loses a standard deviation, one of which half is links nothing.
_LINK_LOSS, _MANY_LINKS = 1.0, 0.5

Floats = npt.NDArray[np.float64]


def dense_weight(split_share: float) -> float:
    """How much the vectors count for a question, against its words.

    Args:
        split_share: the share of its words that the embedding model knows only in pieces, 0 to 1.
    """
    strangeness = min(1.0, max(0.0, (split_share - _FLUENT) / (_STRANGE - _FLUENT)))
    return DENSE_WEIGHT - strangeness * (DENSE_WEIGHT - LEAST_DENSE_WEIGHT)


def rank_by_evidence(
    chunks: Sequence[int],
    cosines: Mapping[int, float],
    bm25s: Mapping[int, float],
    vectors: npt.NDArray[np.float32],
    link_shares: Mapping[int, float],
    weight: float = DENSE_WEIGHT,
) -> list[int]:
    """Order candidates, best first; equal ones as they are given.

    Args:
        cosines: to the question, of every candidate.
        bm25s: of the candidates that hold a word of the question; the others count as 0.
        vectors: [len(chunks), dimension], L2-normalised.
        link_shares: how much of a candidate is links, 0 to 1, where that is more than half.
        weight: of the cosines; BM25 has the rest.
    """
    if not chunks:
        return []
    dense = _standardised([cosines[chunk] for chunk in chunks])
    lexical = _standardised([bm25s.get(chunk, 0.0) for chunk in chunks])
    evidence = with_neighbours(weight * dense + (1 - weight) * lexical, vectors)
    evidence -= np.array([_link_loss(link_shares.get(chunk, 0.0)) for chunk in chunks])
    # Rounded, so that copies of one text are equal whatever their sums were added up in.
    return [chunks[at] for at in np.argsort(-evidence.round(9), kind="stable")]


def _link_loss(share: float) -> float:
    return _LINK_LOSS * max(0.0, share - _MANY_LINKS) / (1 - _MANY_LINKS)


def _standardised(values: Sequence[float]) -> Floats:
    """Zero mean, unit variance; all zero when the values do not differ."""
    array = np.asarray(values, np.float64)
    deviation = float(array.std())
    centred: Floats = array - array.mean()
    return centred / deviation if deviation > 1e-9 else np.zeros_like(centred)
