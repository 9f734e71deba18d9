"""Questions that come at the same time are embedded together.

A batch of sixteen short questions takes about three times as long as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.search.engine.gathering import Gathering
from kb.search.engine.protocols import QueryEncoder, Vector

_MOST = 16


class QueryBatches:
    """A `QueryEncoder` for many threads, over one that computes best one batch at a time."""

    def __init__(self, encoder: QueryEncoder, most: int = _MOST) -> None:
        self._encoder = encoder
        self._gathering: Gathering[str, Vector] = Gathering(self._computed, most)

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """float32 [len(texts), dimension]; rows are L2-normalised.

        Raises:
            Exception: what the encoder raised for the batch of one of these texts.
        """
        return np.stack(self._gathering.results(texts))

    def split_share(self, text: str) -> float:
        return self._encoder.split_share(text)

    def _computed(self, texts: list[str]) -> list[Vector]:
        return list(self._encoder.embed_queries(texts))
