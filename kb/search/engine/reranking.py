"""The second look: a model reads the question and the best candidates together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from kb.search.engine.protocols import Reranker

# The cost grows with every candidate, whatever the question. The figures are in decision 0017.
RERANKED = 16
# Whoever would wait longer gets the hits as they were fused: late hits are worse than those.
PATIENCE_S = 2.0


class PassageTexts(Protocol):
    """Where the words of chunks are; the index does not keep them."""

    def __call__(self, chunk_ids: Sequence[int], collections: frozenset[int] | None) -> Mapping[int, str]:
        """Title, headings and text of those chunks that may be found in these collections (None: in all).

        Raises:
            SearchUnavailableError: they cannot be read now.
        """


class Reranking:
    """Scores the first candidates of a ranking.

    Args:
        most: how many are read.
    """

    def __init__(self, reranker: Reranker, texts: PassageTexts, most: int = RERANKED) -> None:
        self._reranker = reranker
        self._texts = texts
        self._most = most
        self.model_id = reranker.model_id

    def logits(
        self, query: str, ranked: Sequence[int], collections: frozenset[int] | None
    ) -> dict[int, float]:
        """What the model thinks of the first of these chunks; nothing when too many wait for it already.

        A chunk that is gone by now is left out.

        Args:
            ranked: chunks of these collections, best first. The collections are checked again where the words
                are: the model never sees what the reader may not.
        """
        chunk_ids = list(ranked[: self._most])
        texts = self._texts(chunk_ids, collections)
        kept = [chunk_id for chunk_id in chunk_ids if chunk_id in texts]
        if self._reranker.backlog_s > PATIENCE_S:  # asked last: those who come together see each other
            return {}
        scores = self._reranker.logits(query, [texts[chunk_id] for chunk_id in kept])
        # What is not a number has no place in an order.
        return {chunk_id: logit for chunk_id, logit in zip(kept, scores, strict=True) if math.isfinite(logit)}


def reordered(ranked: Sequence[int], logits: Mapping[int, float]) -> list[int]:
    """Chunks with a logit first, best first; then the others. Equal ones keep their order."""
    return sorted(ranked, key=lambda chunk_id: -logits.get(chunk_id, float("-inf")))
