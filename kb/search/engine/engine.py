"""Hybrid search: vectors and words, fused by how far each chunk stands out in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

from kb.rag.evidence import dense_weight, rank_by_evidence
from kb.rag.fusion import reciprocal_rank_scores
from kb.search.engine import memory
from kb.search.engine.chunk_table import CHUNK
from kb.search.engine.errors import (
    DamagedIndexError,
    IndexOutOfStepError,
    IndexWriteError,
    VectorStoreError,
)
from kb.search.engine.fused import Fused
from kb.search.engine.lexical import LexicalIndex
from kb.search.engine.locks import ReadersWriterLock
from kb.search.engine.nearness import Nearness
from kb.search.engine.protocols import QueryEncoder, Vector, VectorIndex, VectorRows
from kb.search.engine.reranking import Reranking
from kb.search.engine.staging import WordChanges, joined, vector_rows
from kb.search.engine.types import Row, SearchResult

_DENSE, _LEXICAL = "dense", "lexical"
_STEPS = ("encode", "dense", "lexical", "fuse", "rerank")
_MAX_ID = 2**63 - 1
_MAX_UNWRITTEN = 10_000  # chunks whose texts are held


class SearchEngine:
    """Both indexes as one.

    Any number of threads may search. One thread at a time may change: what it replaces and removes is seen
    by searches, on both sides at once, after `commit`.

    Args:
        dense: an empty index of the encoder's dimension.
        lexical: an empty index.
        reranking: orders the best candidates anew; None leaves them as they are fused.
    """

    def __init__(
        self,
        encoder: QueryEncoder,
        dense: VectorIndex,
        lexical: LexicalIndex,
        reranking: Reranking | None = None,
    ) -> None:
        self._encoder = encoder
        self._nearness = Nearness(encoder)
        self._dense = dense
        self._lexical = lexical
        self._reranking = reranking
        self._steps = _STEPS if reranking is not None else _STEPS[:-1]
        self._staged: dict[int, VectorRows | None] = {}
        self._unwritten = WordChanges()
        self._lock = ReadersWriterLock()

    @property
    def count(self) -> int:
        """Chunks that a search sees."""
        return len(self._dense)

    @property
    def device(self) -> str:
        """Where vectors are searched: ``cpu``, ``cuda`` or ``milvus``."""
        return self._dense.device

    @property
    def vector_search(self) -> str:
        """How vectors are searched, for people to read."""
        return self._dense.vector_search

    @property
    def reranker(self) -> str:
        """The cross-encoder's identity; empty without one."""
        return self._reranking.model_id if self._reranking is not None else ""

    @property
    def trouble(self) -> str:
        """Why a search would fail now; empty while nothing is known to be wrong."""
        return self._dense.trouble

    def chunks(self) -> dict[int, int]:
        """The document of each chunk that is there to be found; for vectors elsewhere, by that program's
        account.
        """
        with self._lock.reading():
            found: dict[int, int] = dict(self._dense.chunks().tolist())
            for chunk in self._dense.missing_chunks():
                found.pop(chunk, None)
            return found

    def chunk_ids(self) -> set[int]:
        return set(self.chunks())

    def lost_documents(self) -> set[int]:
        """Documents that must be replaced for their vectors to be found again."""
        with self._lock.reading():
            return self._dense.lost_documents()

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors with which these texts would be searched for, L2-normalised."""
        found: list[list[float]] = self._encoder.embed_queries(texts).tolist()
        return found

    def cosines(self, query: str, texts: Sequence[str]) -> list[float]:
        """How near each of these texts is to the question, -1 to 1."""
        return self._nearness.cosines(query, texts)

    def search(
        self, query: str, collections: frozenset[int] | None, limit: int, candidates: int
    ) -> SearchResult:
        """The best chunks of these collections (None: of all), by their scores in both indexes.

        Args:
            limit: hits wanted.
            candidates: hits taken from each index, at least `limit`.
        """
        if collections is not None:
            collections = frozenset(each for each in collections if 0 <= each <= _MAX_ID)
        times = [perf_counter()]
        if not query.strip() or collections == frozenset():
            return SearchResult([], self._timings(times))
        vector = self._encoder.embed_queries([query])[0]
        times.append(perf_counter())
        depth = max(limit, candidates)
        # One after the other. In two threads a search was not faster, neither over 2,000 chunks nor 100,000.
        with self._lock.reading():
            near = dict(self._dense.search(vector, depth, collections))
            times.append(perf_counter())
            question = self._lexical.question(query, collections)
            worded = dict(question.best(depth))
            worded |= question.bm25s(sorted(near.keys() - worded.keys()))
            times.append(perf_counter())
            weight = dense_weight(self._encoder.split_share(query))
            fused = self._fuse(vector, near, worded, question.holders(), depth, weight)
        if self._reranking is not None:
            # Outside the lock: it takes longer than all the rest, and a commit need not wait for it.
            times.append(perf_counter())
            fused = fused.reranked(self._reranking.logits(query, fused.ranked, collections))
        hits = fused.hits(limit)
        times.append(perf_counter())
        return SearchResult(hits, self._timings(times))

    def replace_document(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None:
        """Make these the document's chunks, whatever it had.

        Raises:
            InvalidVectorError: nothing was changed.
            IndexWriteError: all changes since the last commit are undone.
        """
        vectors = vector_rows(document_id, collection_id, rows, self._dense.dimension)
        self._unwritten.replace(document_id, collection_id, rows)
        self._staged[document_id] = vectors
        if self._unwritten.count > _MAX_UNWRITTEN:
            self._write_words()

    def remove_document(self, document_id: int) -> None:
        """Forget what it has; an unknown one is no error."""
        self._unwritten.remove(document_id)
        self._staged[document_id] = None

    def commit(self) -> None:
        """Show what was replaced and removed.

        Raises:
            IndexWriteError: all changes since the last commit are undone.
            VectorStoreError: the same, or what was removed may have been shown already; make them again.
            IndexOutOfStepError: the engine must be thrown away.
        """
        added = joined([rows for rows in self._staged.values() if rows], self._dense.dimension)
        self._write_words()
        with self._both_or_neither():
            self._dense.prepare(added)
            self._lexical.commit()
        with self._lock.writing():
            self._dense.remove_documents(self._staged.keys())
            self._dense.add(added)
            self._lexical.reload()
        self._staged.clear()
        if len(self._dense) != len(self._lexical):
            raise IndexOutOfStepError
        if self._dense.needs_compaction:
            compacted = self._dense.compacted()
            with self._lock.writing():
                self._dense = compacted
            memory.give_back()

    def save(self, folder: Path) -> None:
        """Commit, and write both sides into an empty folder. Searches go on meanwhile.

        Raises:
            IndexWriteError: what is in the folder is of no use.
            OSError: the same; the disk is full or fails.
        """
        self.commit()
        (folder / _DENSE).mkdir()
        self._dense.save(folder / _DENSE)
        self._lexical.save(folder / _LEXICAL)

    def load(self, folder: Path) -> None:
        """Hold what was saved there, and nothing else. After an error the engine must be thrown away.

        Raises:
            DamagedIndexError: it is not an index of this version and dimension.
            OSError: there is no room.
        """
        with self._lock.writing():
            self._forget_changes()
            self._dense.load(folder / _DENSE)
            self._lexical.load(folder / _LEXICAL)
        # Compared as arrays: two sets of a million numbers would take a fifth of the room of the vectors.
        lexical = np.sort(np.fromiter(self._lexical.each_chunk_id(), np.int64))
        if not np.array_equal(lexical, np.sort(self._dense.chunks()[:, CHUNK])):
            raise DamagedIndexError(IndexOutOfStepError.default_message)
        memory.give_back()

    def _fuse(
        self,
        vector: Vector,
        near: dict[int, float],
        bm25s: dict[int, float],
        named: list[list[int]],
        depth: int,
        weight: float,
    ) -> Fused:
        """Rank the candidates of both sides, the first so many of each; `weight` is that of the vectors."""
        rrf_scores = reciprocal_rank_scores([list(near)[:depth], list(bm25s)[:depth]])
        # A shared store may be ahead of this server, or have lost a vector.
        held, vectors = self._dense.vectors(sorted({*rrf_scores, *chain.from_iterable(named)}))
        cosines = dict(zip(held, (vectors @ vector).tolist(), strict=True))
        named = [[chunk_id for chunk_id in group if chunk_id in cosines] for group in named]
        at = [place for place, chunk_id in enumerate(held) if chunk_id in rrf_scores]
        ranked = rank_by_evidence(
            [held[place] for place in at], cosines, bm25s, vectors[at], self._lexical.link_shares, weight
        )
        return Fused(ranked, named, rrf_scores, cosines | near, bm25s)

    def _timings(self, times: list[float]) -> dict[str, float]:
        """Milliseconds of each step, from the times between the steps; of those left out, 0."""
        spans = zip(self._steps, pairwise(times), strict=False)
        taken = {step: (end - start) * 1000 for step, (start, end) in spans}
        return {**dict.fromkeys(self._steps, 0.0), **taken, "total": (times[-1] - times[0]) * 1000}

    def _write_words(self) -> None:
        """Raises IndexWriteError: all changes since the last commit are undone."""
        with self._both_or_neither():
            self._unwritten.write(self._lexical)

    def _forget_changes(self) -> None:
        self._staged.clear()
        self._unwritten.clear()

    @contextmanager
    def _both_or_neither(self) -> Iterator[None]:
        try:
            yield
        except IndexWriteError:
            self._forget_changes()  # the lexical side is back at the last commit as well
            raise
        except VectorStoreError:
            self._forget_changes()
            self._lexical.rollback()
            raise
