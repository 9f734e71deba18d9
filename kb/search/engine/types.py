"""What goes into the index and what comes out of a search."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A chunk as the index sees it.

    Attributes:
        vector: its embedding: float16, little endian, L2-normalised.
        title: of the document.
        headings: the heading path, joined.
        body: the chunk's own text.
    """

    chunk_id: int
    vector: bytes
    title: str
    headings: str
    body: str


@dataclass(frozen=True)
class MilvusAddress:
    """Where the vectors of one generation are.

    Attributes:
        uri: ``http[s]://[user:password@]host[:port][/database]``.
        collection: its name there; nothing else may be kept in it.
    """

    uri: str
    collection: str


@dataclass(frozen=True)
class Hit:
    """A found chunk.

    Attributes:
        cosine: None when the vector index does not hold the chunk.
        bm25: None when the chunk is not among the candidates of the lexical index.
        rerank_logit: None when no cross-encoder read the chunk.
    """

    chunk_id: int
    rrf_score: float
    cosine: float | None
    bm25: float | None
    rerank_logit: float | None = None


@dataclass(frozen=True)
class SearchResult:
    """Hits, best first, and how long each step took.

    The steps are encode, dense, lexical, fuse, with a cross-encoder rerank, and total.
    """

    hits: list[Hit]
    timings_ms: dict[str, float]
