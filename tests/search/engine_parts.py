"""Small deterministic parts for tests of the engine."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import numpy as np
import numpy.typing as npt

from kb.search.engine.dense import DenseIndex
from kb.search.engine.engine import SearchEngine
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.protocols import VectorRows
from kb.search.engine.types import Row, SearchResult

DIMENSION = 16


class WordEncoder:
    """Each word has a fixed direction; a text is the normalised sum of its words."""

    def split_share(self, text: str) -> float:
        return 0.0

    def embed_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.stack([embed(text) for text in texts])


def embed(text: str) -> npt.NDArray[np.float32]:
    total = np.zeros(DIMENSION, np.float32)
    for word in text.lower().split() or [""]:
        seed = zlib.crc32(word.encode("utf-8", "replace"))
        total += np.random.default_rng(seed).standard_normal(DIMENSION, np.float32)
    return total / np.float32(np.linalg.norm(total))


def row(chunk_id: int, body: str, title: str = "", headings: str = "") -> Row:
    return Row(chunk_id, embed(body).astype("<f2").tobytes(), title, headings, body)


def new_engine(folder: Path) -> SearchEngine:
    return SearchEngine(WordEncoder(), DenseIndex(DIMENSION), LexicalIndex(folder))


def publish(engine: SearchEngine, document_id: int, *rows: Row, collection_id: int = 1) -> None:
    engine.replace_document(document_id, collection_id, rows)
    engine.commit()


def found(result: SearchResult) -> list[int]:
    return [hit.chunk_id for hit in result.hits]


def topics(rng: np.random.Generator, count: int) -> npt.NDArray[np.float16]:
    """float16 [count, DIMENSION], normalised, in a few clusters, as embeddings of real text are."""
    centres = rng.standard_normal((5, DIMENSION))
    vectors = centres[rng.integers(0, 5, count)] + 0.4 * rng.standard_normal((count, DIMENSION))
    unit: npt.NDArray[np.float16] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f2")
    return unit


def vector_rows(ids: Sequence[tuple[int, int, int]], vectors: npt.NDArray[np.float16]) -> VectorRows:
    """Args: ids: chunk, document, collection."""
    return VectorRows(np.array(ids, np.int64).reshape(-1, 3), vectors)


@contextmanager
def disk_full() -> Iterator[None]:
    """No file may grow: the system call fails as it does without room. The kernel's signal is ignored."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
