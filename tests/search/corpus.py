"""Vectors, and what a plain search over them finds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from kb.search.engine.protocols import VectorRows
from tests.search.engine_parts import topics


@dataclass
class Corpus:
    """Documents of three chunks, ten of them a collection; what a plain search over them finds."""

    vectors: npt.NDArray[np.float16]
    ids: npt.NDArray[np.int64]
    removed: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, count: int) -> Corpus:
        numbers = np.arange(count)
        ids = np.stack([1000 - numbers, numbers // 3, numbers // 30], axis=1).astype(np.int64)
        return cls(topics(np.random.default_rng(5), count), ids)

    def rows(self) -> VectorRows:
        return VectorRows(self.ids, self.vectors)

    def nearest(
        self, vector: npt.NDArray[np.float32], limit: int, collections: frozenset[int] | None
    ) -> list[tuple[int, float]]:
        cosines = self.vectors.astype(np.float32) @ vector
        hits = [
            (int(chunk), float(cosine))
            for (chunk, document, collection), cosine in zip(self.ids, cosines, strict=True)
            if document not in self.removed and (collections is None or collection in collections)
        ]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:limit]


def questions(count: int = 8) -> npt.NDArray[np.float32]:
    vectors: npt.NDArray[np.float32] = topics(np.random.default_rng(6), count).astype(np.float32)
    return vectors


def assert_same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    assert [chunk for chunk, _ in found] == [chunk for chunk, _ in expected]
    assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in expected], abs=1e-5)
