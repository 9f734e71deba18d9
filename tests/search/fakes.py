"""An index that is a dictionary, with the same promises as the real one."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kb.search.engine.errors import InvalidVectorError
from kb.search.engine.types import Hit, Row, SearchResult
from tests.search.documents import DIMENSION

Contents = dict[int, tuple[int, tuple[int, ...]]]


@dataclass
class FakeEngine:
    """Documents as collection and chunk ids; what is not committed is not seen.

    Attributes:
        full: the disk has no room: `save` writes half a file and fails.
        commits: how often something was committed.
        stuck: removing does nothing.
        lost: documents whose vectors another program lost, until they are replaced.
    """

    documents: Contents = field(default_factory=dict)
    staged: Contents = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    full: bool = False
    commits: int = 0
    vector_search: str = "exact"
    reranker: str = ""
    lost: set[int] = field(default_factory=set)
    trouble: str = ""
    stuck: bool = False

    @property
    def count(self) -> int:
        return len(self.chunk_ids())

    def chunk_ids(self) -> set[int]:
        return set(self.chunks())

    def chunks(self) -> dict[int, int]:
        return {chunk: document for document, (_, chunks) in self.documents.items() for chunk in chunks}

    def lost_documents(self) -> set[int]:
        return set(self.lost)

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0, *[0.0] * (DIMENSION - 1)] for _ in texts]

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        return [float(query == text) for text in texts]

    def search(
        self, query: str, collections: frozenset[int] | None, limit: int, candidates: int
    ) -> SearchResult:
        found = [
            chunk
            for collection, chunks in self.documents.values()
            for chunk in chunks
            if (collections is None or collection in collections) and query in self.texts[chunk]
        ]
        hits = [
            Hit(chunk, rrf_score=1 / (60 + rank), cosine=0.5, bm25=None) for rank, chunk in enumerate(found)
        ]
        return SearchResult(hits=hits[:limit], timings_ms={"encode": 0.0})

    def replace_document(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None:
        if not all(len(row.vector) in (0, 2 * DIMENSION) for row in rows):
            raise InvalidVectorError(document_id=document_id)
        self.lost.discard(document_id)
        self.staged[document_id] = (collection_id, tuple(row.chunk_id for row in rows))
        self.texts |= {row.chunk_id: row.body for row in rows}

    def remove_document(self, document_id: int) -> None:
        self.lost.discard(document_id)
        if not self.stuck:
            self.staged.pop(document_id, None)

    def commit(self) -> None:
        self.documents = dict(self.staged)
        self.commits += 1

    def save(self, folder: Path) -> None:
        (folder / "lexical").mkdir()
        (folder / "lexical" / "texts.json").write_text(json.dumps(self.texts))
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        (folder / "vectors.json").write_text(json.dumps(self.documents))

    def load(self, folder: Path) -> None:
        stored = json.loads((folder / "vectors.json").read_text())
        texts = json.loads((folder / "lexical" / "texts.json").read_text())
        self.staged = {int(key): (collection, tuple(chunks)) for key, (collection, chunks) in stored.items()}
        self.texts = {int(key): text for key, text in texts.items()}
        self.documents = dict(self.staged)
