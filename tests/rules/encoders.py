"""An encoder whose vectors follow from words, so that nearness can be foreseen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.exceptions import SearchUnavailableError
from kb.rag.statements import question_stems
from kb.search.client import Encoded
from tests.fakes import FakeSearch

_DIMENSION = 64
# Words that mean the same to it.
_MEANINGS = {"send": "return", "back": "return", "item": "product", "someth": "product", "buyer": "customer"}


@dataclass
class WordEncoder(FakeSearch):
    """Attributes: down: it does not answer `encode`; model: whose vectors it makes."""

    down: bool = False
    model: str = "words@1"
    encoded: int = 0

    def encode(self, texts: Sequence[str]) -> Encoded:
        if self.down:
            raise SearchUnavailableError
        self.encoded += len(texts)
        return Encoded(self.model, tuple(tuple(_vector(text)) for text in texts))


def _vector(text: str) -> list[float]:
    summed = np.full(_DIMENSION, 1e-3)
    for stem in {_MEANINGS.get(item, item) for item in question_stems(text)}:
        seed = int.from_bytes(hashlib.sha256(stem.encode()).digest()[:4], "big")
        summed += np.random.default_rng(seed).standard_normal(_DIMENSION)
    return [float(value) for value in summed / np.linalg.norm(summed)]
