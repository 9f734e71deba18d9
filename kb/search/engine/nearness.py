"""How near in meaning short texts are to a question."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from kb.search.engine.protocols import QueryEncoder, Vector

# The same passages are read again and again. At 384 dimensions about three megabytes.
_REMEMBERED = 4096


class Nearness:
    """Compares texts by their vectors, and remembers those of the texts seen last.

    Any number of threads may use it.
    """

    def __init__(self, encoder: QueryEncoder) -> None:
        self._encoder = encoder
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._lock = Lock()

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        """Of each text with the question, -1 to 1."""
        found = self._remembered([query, *texts])
        # Texts of like length share a batch: the shorter ones of a batch cost as much as its longest.
        new = sorted({text for text in (query, *texts) if text not in found}, key=len)
        if new:
            vectors = self._encoder.embed_queries(new).astype(np.float16)
            found |= dict(zip(new, vectors, strict=True))
            self._remember(found)
        question = found[query].astype(np.float32)
        return [float(found[text].astype(np.float32) @ question) for text in texts]

    def _remembered(self, texts: Sequence[str]) -> dict[str, Vector]:
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
            for text in known:
                self._known.move_to_end(text)
            return known

    def _remember(self, vectors: dict[str, Vector]) -> None:
        with self._lock:
            self._known |= vectors
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
