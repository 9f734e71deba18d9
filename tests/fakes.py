"""Stand-ins for the model processes, in the shape of their protocols."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kb.search.client import Hit, SearchReply
from kb.search.engine.agreement import Comparison


class FakeTokens:
    """Every word is a token."""

    max_length = 256

    def starts(self, text: str) -> list[int]:
        return [match.start() for match in re.finditer(r"\S+", text)]


class FakeEncoder:
    """Vectors of eight dimensions that depend on the text alone."""

    model_id = "fake@0"
    dimension = 8
    device = "cpu"
    backend = "fake"
    comparison = Comparison()

    def __init__(self) -> None:
        self.tokens = FakeTokens()
        self.passages_embedded = 0

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        self.passages_embedded += len(texts)
        return np.stack([_vector(text) for text in texts])

    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.stack([_vector(text) for text in texts])


def _vector(text: str) -> np.ndarray[Any, Any]:
    raw = np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], np.uint8).astype(np.float32) - 127
    normalised: np.ndarray[Any, Any] = raw / np.linalg.norm(raw)
    return normalised


@dataclass
class FakeSearch:
    """Finds the given chunks whatever the query, as an index that knows nothing of permissions would.

    Attributes:
        asked: the collections of each search, in order.
    """

    chunk_ids: Sequence[int]
    cosine: float = 0.8
    asked: list[list[int]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    def search(self, query: str, collections: Sequence[int], limit: int, candidates: int) -> SearchReply:
        self.asked.append(list(collections))
        self.queries.append(query)
        hits = tuple(
            Hit(chunk_id=pk, rrf_score=1 / (rank + 60), cosine=self.cosine, bm25=1.0)
            for rank, pk in enumerate(self.chunk_ids)
        )
        return SearchReply(hits=hits[:limit], seq=1, timings_ms={})

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        return [self.cosine for _ in texts]
