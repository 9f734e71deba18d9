"""Questions that come at the same time are embedded together.

While one batch is computed the next one gathers, so nobody waits for a timer: a question alone is embedded at
once. A batch of sixteen short questions takes about three times as long as one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np

from kb.search.engine.protocols import QueryEncoder, Vector

_MOST = 16


class QueryBatches:
    """A `QueryEncoder` for many threads, over one that computes best one batch at a time."""

    def __init__(self, encoder: QueryEncoder, most: int = _MOST) -> None:
        self._encoder = encoder
        self._most = most
        self._waiting: deque[tuple[str, Future[Vector]]] = deque()
        self._turn = threading.Lock()

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """float32 [len(texts), dimension]; rows are L2-normalised.

        Raises:
            Exception: what the encoder raised for the batch of one of these texts.
        """
        asked: list[Future[Vector]] = [Future() for _ in texts]
        self._waiting.extend(zip(texts, asked, strict=True))
        for vector in asked:
            # Whoever gets the turn first computes for all who wait; most find theirs done when it comes.
            while not vector.done():
                with self._turn:
                    if not vector.done():
                        self._next_batch()
        return np.stack([vector.result() for vector in asked])

    def _next_batch(self) -> None:
        """Only with the turn."""
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            vectors = self._encoder.embed_queries([text for text, _ in batch])
        except Exception as error:
            for _, vector in batch:
                vector.set_exception(error)
            return
        for (_, vector), row in zip(batch, vectors, strict=True):
            vector.set_result(row)
