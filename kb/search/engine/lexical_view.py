"""The lexical index at one moment, as far as somebody may read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Occur, Query, Schema, Searcher

from kb.search.engine.lexical_schema import CHUNK, COLLECTION, TEXT, term_query


@dataclass(frozen=True)
class View:
    """Searches and counts.

    Attributes:
        collections: only chunks of these are found; None when no chunk lies outside, which needs no filter
            and is two to four times as fast.
    """

    searcher: Searcher
    schema: Schema
    collections: frozenset[int] | None

    def best(self, wanted: Query, limit: int) -> list[tuple[int, float]]:
        """Chunks and their BM25, best first; equal ones in no order."""
        hits = self.searcher.search(self._within(wanted), limit, count=False).hits
        return list(zip(chunk_values(self.searcher, hits), (bm25 for bm25, _ in hits), strict=True))

    def count(self, wanted: Query) -> int:
        """Chunks that would be found."""
        found: int = self.searcher.search(self._within(wanted), 1, count=True).count
        return found

    def frequency(self, term: str) -> int:
        """Chunks of all collections that hold it; what was removed lately may count."""
        count: int = self.searcher.doc_freq(TEXT, term)
        return count

    def holds(self, term: str) -> bool:
        """Whether a chunk that may be read holds the term. Costs more the more frequent the term is."""
        return bool(self.best(term_query(self.schema, TEXT, term), 1))

    def of_chunks(self, wanted: Query, chunk_ids: Sequence[int]) -> list[tuple[int, float]]:
        """BM25 of those of these chunks that match, best first."""
        return self.best(self._having(wanted, CHUNK, chunk_ids), len(chunk_ids))

    def _within(self, wanted: Query) -> Query:
        if self.collections is None:
            return wanted
        return self._having(wanted, COLLECTION, sorted(self.collections))

    def _having(self, wanted: Query, field: str, ids: Sequence[int]) -> Query:
        """Only what has one of these ids. The scores stay as they are."""
        allowed = Query.term_set_query(self.schema, field, ids)
        return Query.boolean_query(
            [(Occur.Must, wanted), (Occur.Must, Query.const_score_query(allowed, 0.0))]
        )


def chunk_values(searcher: Searcher, hits: Sequence[tuple[float, object]]) -> list[int]:
    values: list[int] = searcher.fast_field_values(CHUNK, [address for _, address in hits])
    return values
