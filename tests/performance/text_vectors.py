"""Any number of vectors that lie to each other as those of texts do, and the texts that they stand for.

Uniformly random vectors would be useless: every one is equally far from every other, and an approximate index
looks far worse or far better than it is. These begin with the vectors of real texts. Each further one mixes
two of them, half of the time neighbours, and is moved a little along the difference of two others, which is a
direction in which texts differ. What this cannot show is how texts of a million really different subjects
lie; the more mixtures there are of each text, the closer the hits of a question are to each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.conf import BUILT_IN, config
from kb.quality.datasets import EvalDocument, load_data_set
from kb.search.engine.encoder import load_encoder
from tests.performance.result import CannotRunError

Floats = npt.NDArray[np.float32]

SETS = ("tts-handbook", "squad2", "classic-ir/cranfield", "classic-ir/cisi", "classic-ir/med",
        "xquad/en", "xquad/de", "xquad/es")  # fmt: skip
_TEXTS, _QUESTIONS = 12_000, 300
_SENTENCES = 3
_CHARS = 900
_NEIGHBOURS = 32
_BATCH, _BLOCK = 64, 50_000
_CACHE = Path("var") / "bench"


@dataclass(frozen=True)
class TextVectors:
    """Vectors are normalised.

    Attributes:
        texts: pieces of real documents.
        vectors: float32 [texts, dimension].
        questions: that people asked of these documents.
        question_vectors: float32 [questions, dimension].
        neighbours: int64 [texts, 32]: the nearest other texts of each.
    """

    texts: list[str]
    vectors: Floats
    questions: list[str]
    question_vectors: Floats
    neighbours: npt.NDArray[np.int64]

    def mixtures(self, count: int, seed: int = 1) -> Iterator[tuple[list[str], npt.NDArray[np.float16]]]:
        """`count` texts and their vectors, float16, in blocks; the same ones for the same seed."""
        rng = np.random.default_rng(seed)
        for start in range(0, count, _BLOCK):
            yield self._block(rng, min(_BLOCK, count - start))

    def _block(self, rng: np.random.Generator, count: int) -> tuple[list[str], npt.NDArray[np.float16]]:
        one, other, more, less = rng.integers(0, len(self.texts), (4, count))
        near = self.neighbours[one, rng.integers(0, self.neighbours.shape[1], count)]
        other = np.where(rng.random(count) < 0.5, near, other)
        share = rng.uniform(0.5, 0.95, (count, 1)).astype(np.float32)
        moved = rng.uniform(0.05, 0.25, (count, 1)).astype(np.float32)
        mixed = share * self.vectors[one] + (1 - share) * self.vectors[other]
        mixed += moved * (self.vectors[more] - self.vectors[less])
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        return [self._mixed_text(*pair) for pair in zip(one, other, strict=True)], mixed.astype("<f2")

    def _mixed_text(self, one: int, other: int) -> str:
        first, second = self.texts[one], self.texts[other]
        return f"{first[: len(first) // 2]} {second[len(second) // 2 :]}"


def text_vectors() -> TextVectors:
    """Encodes for a minute or two the first time, and keeps the vectors in var/bench.

    Raises:
        CannotRunError: the data sets are not here.
    """
    missing = [name for name in SETS if not (config.eval_data / name).is_dir()]
    if missing:
        raise CannotRunError(
            f"KB_EVAL_DATA lacks {', '.join(missing)}: vectors of few texts would not lie as those of many."
        )
    texts, questions = _texts_and_questions()
    vectors, question_vectors = _encoded(texts, questions)
    return TextVectors(texts, vectors, questions, question_vectors, _neighbours(vectors))


def _texts_and_questions() -> tuple[list[str], list[str]]:
    sets = [load_data_set(config.eval_data / name) for name in SETS]
    pieces = [piece for each in sets for document in each.documents for piece in _pieces(document)]
    questions = [question.text for each in sets for question in each.questions]
    rng = np.random.default_rng(0)
    return _drawn(rng, pieces, _TEXTS), _drawn(rng, questions, _QUESTIONS)


def _drawn(rng: np.random.Generator, texts: list[str], count: int) -> list[str]:
    return [texts[place] for place in rng.permutation(len(texts))[:count]]


def _pieces(document: EvalDocument) -> Iterator[str]:
    """A few sentences each, overlapping by one."""
    text = document.text or (document.path.read_text(errors="replace") if document.path else "")
    sentences = [part for part in re.split(r"(?<=[.!?])\s+|\n\s*\n", text) if len(part) > 15]
    for start in range(0, max(1, len(sentences) - 1), _SENTENCES - 1):
        piece = " ".join(sentences[start : start + _SENTENCES])[:_CHARS]
        if piece:
            yield f"{document.title}\n{piece}"


def _encoded(texts: list[str], questions: list[str]) -> tuple[Floats, Floats]:
    encoder = load_encoder(BUILT_IN, "cpu", config.data_dir.absolute() / "models")
    cached = _CACHE / f"text-vectors-{encoder.model_id}-{_digest([*texts, *questions])}.npz"
    if not cached.exists():
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        vectors = np.empty((len(texts), encoder.dimension), np.float32)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            vectors[batch] = encoder.embed_passages([texts[at] for at in batch])
        _CACHE.mkdir(parents=True, exist_ok=True)
        np.savez(cached, texts=vectors, questions=encoder.embed_queries(questions))
    with np.load(cached) as stored:
        return stored["texts"], stored["questions"]


def _neighbours(vectors: Floats) -> npt.NDArray[np.int64]:
    import faiss

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    _, rows = flat.search(vectors, _NEIGHBOURS + 1)
    neighbours: npt.NDArray[np.int64] = rows[:, 1:]
    return neighbours


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
