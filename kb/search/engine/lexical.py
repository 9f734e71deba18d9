"""Lexical search: tantivy, BM25 over title, headings, body and identifiers.

Two threads may not change it at once. Searches see the state of the last `reload`, whatever is being written.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder, Searcher

from kb.search.engine.analysis import WORDS, identifiers, normalise, question_words, word_analyzer
from kb.search.engine.errors import DamagedIndexError, IndexWriteError
from kb.search.engine.lexical_files import copy_index
from kb.search.engine.named import RARE_CHUNKS, RARE_SHARE, name_like, quoted_phrases
from kb.search.engine.ranking import best
from kb.search.engine.types import Row

_BODY, _HEADINGS, _TITLE, _IDENTIFIERS = "body", "headings", "title", "identifiers"
# A title is in every chunk of its document, a heading in several: they tell less of this chunk than its body.
_BOOSTS = {_BODY: 1.0, _HEADINGS: 0.25, _TITLE: 0.25}
_CHUNK, _DOCUMENT, _COLLECTION = "chunk_id", "document_id", "collection_id"

_MAX_TERMS = 64
_MAX_COLLECTIONS = 10_000
_PAGE = 50_000
_HEAP_BYTES = 64_000_000
_MAX_NAMED = 16
_HOLDERS = 10


class LexicalIndex:
    """Starts empty: the folder is scratch room, and what an earlier process left in it is deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._question_words = question_words()
        self._words = word_analyzer()
        self._schema = _schema()
        self._start_empty()

    def __len__(self) -> int:
        count: int = self._searcher.num_docs
        return count

    def chunk_ids(self) -> list[int]:
        return list(self.each_chunk_id())

    def each_chunk_id(self) -> Iterator[int]:
        """In no order, page by page: the hits of a million at once would take hundreds of megabytes."""
        searcher = self._searcher
        for start in range(0, searcher.num_docs, _PAGE):
            found = searcher.search(Query.all_query(), _PAGE, count=False, offset=start)
            yield from _values(searcher, _CHUNK, found.hits)

    def add(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None:
        """Raises IndexWriteError, as `remove_documents` and `commit` do."""
        with self._undone_on_error():
            if self._collections is not None:
                self._collections.add(collection_id)
            for row in rows:
                self._writer.add_document(_document(document_id, collection_id, row))

    def remove_documents(self, document_ids: Collection[int]) -> None:
        # Not `delete_documents_by_term`: for a field of numbers it deletes nothing, without an error.
        chosen = Query.term_set_query(self._schema, _DOCUMENT, list(document_ids))
        with self._undone_on_error():
            self._writer.delete_documents_by_query(chosen)

    def commit(self) -> None:
        """Write all changes; `reload` shows them to searches."""
        with self._undone_on_error():
            self._writer.commit()

    def rollback(self) -> None:
        """Undo all changes since the last commit."""
        self._writer.rollback()

    def reload(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, query: str, limit: int, collections: frozenset[int] | None) -> list[tuple[int, float]]:
        """The best chunks and their BM25, best first.

        Args:
            query: any text; nothing in it is syntax.
            collections: only chunks of these; None for all. It does not change the scores.
        """
        searcher = self._searcher
        wanted = self._matching(query, searcher)
        if wanted is None or limit <= 0:
            return []
        if collections is not None and not self._are_all(collections):
            wanted = self._within(wanted, collections)

        def fetch(count: int) -> list[tuple[int, float]]:
            hits = searcher.search(wanted, count, count=False).hits
            return list(zip(_values(searcher, _CHUNK, hits), (bm25 for bm25, _ in hits), strict=True))

        return best(fetch, limit)

    def scores(self, query: str, chunk_ids: Sequence[int]) -> dict[int, float]:
        """BM25 of these chunks, as `search` gives it; those without a term of the query are left out."""
        searcher = self._searcher
        wanted = self._matching(query, searcher)
        if wanted is None or not chunk_ids:
            return {}
        wanted = self._of_any(wanted, _CHUNK, chunk_ids)
        hits = searcher.search(wanted, len(chunk_ids), count=False).hits
        return dict(zip(_values(searcher, _CHUNK, hits), (bm25 for bm25, _ in hits), strict=True))

    def holders(self, query: str, collections: frozenset[int] | None) -> list[list[int]]:
        """For each thing that the question names to the letter, the chunks that hold it, best first.

        See `kb.search.engine.named` for what counts; a thing that no chunk of these collections holds is left
        out. Ten chunks at most are given for each.
        """
        searcher = self._searcher
        asked = self._matching(query, searcher)
        if asked is None:
            return []
        everywhere = collections is None or self._are_all(collections)
        found = []
        for named in self._named(query, searcher):
            wanted = Query.boolean_query([(Occur.Must, named), (Occur.Should, asked)])
            wanted = wanted if everywhere or collections is None else self._within(wanted, collections)
            hits = searcher.search(wanted, _HOLDERS, count=False).hits
            found.append(_values(searcher, _CHUNK, hits))
        return [chunks for chunks in found if chunks]

    def save(self, folder: Path) -> None:
        """Commit, let running merges end, and make a copy that shares its files with this index.

        Raises:
            IndexWriteError: the copy is incomplete.
            OSError: the same.
        """
        with self._undone_on_error():
            self._writer.commit()
        self._writer.wait_merging_threads()  # which also ends the writer
        try:
            copy_index(self._folder, folder)
        finally:
            self._open_writer()
            self.reload()

    def load(self, folder: Path) -> None:
        """Hold what was saved there, and nothing else.

        Raises:
            DamagedIndexError: the index is empty afterwards.
            OSError: there is no room; the same.
        """
        self._writer.wait_merging_threads()
        self._empty_folder()
        try:
            copy_index(folder, self._folder)
            self._open()
        except (FileNotFoundError, ValueError) as error:
            self._start_empty()
            raise DamagedIndexError(f"The saved lexical index cannot be opened: {error}") from error
        except OSError:
            self._start_empty()
            raise

    def _start_empty(self) -> None:
        self._empty_folder()
        self._open()

    def _empty_folder(self) -> None:
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True)

    def _open(self) -> None:
        self._index = Index(self._schema, str(self._folder))
        self._index.register_tokenizer(WORDS, word_analyzer())
        # Only `reload` decides what searches see; no thread needs to watch the folder.
        self._index.config_reader("manual")
        self._open_writer()
        self.reload()
        self._collections = _collections_in(self._searcher)

    def _open_writer(self) -> None:
        self._writer = self._index.writer(_HEAP_BYTES, num_threads=1)

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """A writer that failed once may go on without an error and lose documents, so it starts over."""
        try:
            yield
        except (ValueError, OSError) as error:
            self._writer.rollback()
            raise IndexWriteError from error

    def _matching(self, query: str, searcher: Searcher) -> Query | None:
        """Any of the question's terms in any field; None when it has none."""
        words = self._question_words(query)
        if len(words) > _MAX_TERMS:
            words = _rarest(words, searcher)
        parts = [
            Query.boost_query(self._term(field, word), boost)
            for field, boost in _BOOSTS.items()
            for word in words
        ]
        parts += [self._term(_IDENTIFIERS, name) for name in identifiers(query)[:_MAX_TERMS]]
        return Query.boolean_query([(Occur.Should, part) for part in parts]) if parts else None

    def _term(self, field: str, term: str) -> Query:
        return Query.term_query(self._schema, field, term, "freq")

    def _named(self, query: str, searcher: Searcher) -> list[Query]:
        named = [self._term(_IDENTIFIERS, name) for name in identifiers(query)]
        phrases = [self._words.analyze(normalise(phrase)) for phrase in quoted_phrases(query)]
        named += [self._phrase(words) for words in phrases if words]
        named += [self._anywhere(word) for word in self._rare(query, searcher)]
        return named[:_MAX_NAMED]

    def _phrase(self, words: list[str]) -> Query:
        if len(words) == 1:
            return self._anywhere(words[0])
        fields = [Query.phrase_query(self._schema, field, list(words)) for field in _BOOSTS]
        return Query.boolean_query([(Occur.Should, phrase) for phrase in fields])

    def _anywhere(self, word: str) -> Query:
        return Query.boolean_query([(Occur.Should, self._term(field, word)) for field in _BOOSTS])

    def _rare(self, query: str, searcher: Searcher) -> list[str]:
        """Terms of the question that hardly any chunk has."""
        names = {term for word in name_like(query) for term in self._words.analyze(word)}
        few = RARE_SHARE * searcher.num_docs
        terms = self._question_words(query)
        found = {term: max(searcher.doc_freq(field, term) for field in _BOOSTS) for term in terms}
        return [term for term in terms if 0 < found[term] <= max(few, RARE_CHUNKS if term in names else 0)]

    def _are_all(self, collections: frozenset[int]) -> bool:
        """Whether no chunk lies outside: then no filter is needed, which is two to four times as fast."""
        return self._collections is not None and collections >= self._collections

    def _within(self, wanted: Query, collections: frozenset[int]) -> Query:
        return self._of_any(wanted, _COLLECTION, sorted(collections))

    def _of_any(self, wanted: Query, field: str, ids: Sequence[int]) -> Query:
        """Only what has one of these ids; the scores stay as they are."""
        allowed = Query.term_set_query(self._schema, field, ids)
        return Query.boolean_query(
            [(Occur.Must, wanted), (Occur.Must, Query.const_score_query(allowed, 0.0))]
        )


def _schema() -> Schema:
    builder = SchemaBuilder()
    for name in _BOOSTS:
        builder.add_text_field(name, tokenizer_name=WORDS, index_option="position")
    builder.add_text_field(_IDENTIFIERS, tokenizer_name="raw", index_option="freq")
    builder.add_unsigned_field(_CHUNK, indexed=True, fast=True)
    builder.add_unsigned_field(_DOCUMENT, indexed=True)
    builder.add_unsigned_field(_COLLECTION, indexed=True, fast=True)
    return builder.build()


def _document(document_id: int, collection_id: int, row: Row) -> Document:
    document = Document()
    document.add_unsigned(_CHUNK, row.chunk_id)
    document.add_unsigned(_DOCUMENT, document_id)
    document.add_unsigned(_COLLECTION, collection_id)
    for field, text in ((_TITLE, row.title), (_HEADINGS, row.headings), (_BODY, row.body)):
        document.add_text(field, normalise(text))
    for name in identifiers("\n".join((row.title, row.headings, row.body))):
        document.add_text(_IDENTIFIERS, name)
    return document


def _values(searcher: Searcher, field: str, hits: Sequence[tuple[float, object]]) -> list[int]:
    values: list[int] = searcher.fast_field_values(field, [address for _, address in hits])
    return values


def _rarest(words: Sequence[str], searcher: Searcher) -> list[str]:
    """The words that weigh most in BM25, of those that are there at all."""
    found = {word: sum(searcher.doc_freq(field, word) for field in _BOOSTS) for word in words}
    return sorted((word for word in words if found[word]), key=lambda word: found[word])[:_MAX_TERMS]


def _collections_in(searcher: Searcher) -> set[int] | None:
    """The collections that have chunks; None when there are too many to list."""
    groups = {"terms": {"field": _COLLECTION, "size": _MAX_COLLECTIONS}}
    found = searcher.aggregate(Query.all_query(), {"found": groups})["found"]
    if found["sum_other_doc_count"]:
        return None
    return {int(bucket["key"]) for bucket in found["buckets"]}
