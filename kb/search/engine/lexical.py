"""Lexical search: tantivy, BM25 over title, headings, body and identifiers.

Two threads may not change it at once. Searches see the state of the last `reload`, whatever is being written.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tantivy import Index, Occur, Query, Searcher

from kb.search.engine.analysis import WORDS, identifiers, normalise, question_words, word_analyzer
from kb.search.engine.errors import DamagedIndexError, IndexWriteError
from kb.search.engine.lexical_files import copy_index
from kb.search.engine.lexical_schema import (
    BOOSTS,
    COLLECTION,
    DOCUMENT,
    IDENTIFIERS,
    make_document,
    make_schema,
    term_query,
)
from kb.search.engine.lexical_view import View, chunk_values
from kb.search.engine.named import RARE_CHUNKS, RARE_SHARE, name_like, quoted_phrases
from kb.search.engine.ranking import best
from kb.search.engine.spelling import Respelt, Speller
from kb.search.engine.types import Row

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
        self._schema = make_schema()
        self._speller = Speller(self._schema)
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
            yield from chunk_values(searcher, found.hits)

    def add(self, document_id: int, collection_id: int, rows: Sequence[Row]) -> None:
        """Raises IndexWriteError, as `remove_documents` and `commit` do."""
        with self._undone_on_error():
            if self._collections is not None:
                self._collections.add(collection_id)
            for row in rows:
                self._writer.add_document(make_document(document_id, collection_id, row))

    def remove_documents(self, document_ids: Collection[int]) -> None:
        # Not `delete_documents_by_term`: for a field of numbers it deletes nothing, without an error.
        chosen = Query.term_set_query(self._schema, DOCUMENT, list(document_ids))
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
        view = self._view(collections)
        wanted = self._matching(query, view)
        if wanted is None or limit <= 0:
            return []
        return best(lambda count: view.best(wanted, count), limit)

    def holders(self, query: str, collections: frozenset[int] | None) -> list[list[int]]:
        """For each thing that the question names to the letter, the chunks that hold it, best first.

        See `kb.search.engine.named` for what counts; a thing that no chunk of these collections holds is left
        out. Ten chunks at most are given for each.
        """
        view = self._view(collections)
        named = self._named(query, view)
        asked = self._matching(query, view) if named else None
        if asked is None:
            return []
        wanted = (Query.boolean_query([(Occur.Must, each), (Occur.Should, asked)]) for each in named)
        found = ([chunk_id for chunk_id, _ in view.best(each, _HOLDERS)] for each in wanted)
        return [chunk_ids for chunk_ids in found if chunk_ids]

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

    def _view(self, collections: frozenset[int] | None) -> View:
        all_of_them = collections is None or (
            self._collections is not None and collections >= self._collections
        )
        return View(self._searcher, self._schema, None if all_of_them else collections)

    def _matching(self, query: str, view: View) -> Query | None:
        """Any of the question's terms in any field; None when it has none.

        A word that nobody has written is looked for as the nearest that somebody has.
        """
        words = self._question_words(query)
        if len(words) > _MAX_TERMS:
            words, respelt = _rarest(words, view.searcher), Respelt([], [])
        else:
            respelt = self._speller.respelt(query, words, view)
        parts = [
            Query.boost_query(self._term(field, word), boost)
            for field, boost in BOOSTS.items()
            for word in dict.fromkeys([*words, *respelt.terms])
        ]
        parts += respelt.queries
        parts += [self._term(IDENTIFIERS, name) for name in identifiers(query)[:_MAX_TERMS]]
        return Query.boolean_query([(Occur.Should, part) for part in parts]) if parts else None

    def _term(self, field: str, term: str) -> Query:
        return term_query(self._schema, field, term)

    def _named(self, query: str, view: View) -> list[Query]:
        named = [self._term(IDENTIFIERS, name) for name in identifiers(query)]
        phrases = [self._words.analyze(normalise(phrase)) for phrase in quoted_phrases(query)]
        named += [self._phrase(words, view) for words in phrases if words]
        named += [view.anywhere(word) for word in self._rare(query, view)]
        return named[:_MAX_NAMED]

    def _phrase(self, words: list[str], view: View) -> Query:
        if len(words) == 1:
            return view.anywhere(words[0])
        fields = [Query.phrase_query(self._schema, field, list(words)) for field in BOOSTS]
        return Query.boolean_query([(Occur.Should, phrase) for phrase in fields])

    def _rare(self, query: str, view: View) -> list[str]:
        """Terms of the question that hardly any chunk has."""
        names = {term for word in name_like(query) for term in self._words.analyze(word)}
        few = RARE_SHARE * view.searcher.num_docs
        terms = self._question_words(query)
        found = {term: view.frequency(term) for term in terms}
        return [term for term in terms if 0 < found[term] <= max(few, RARE_CHUNKS if term in names else 0)]


def _rarest(words: Sequence[str], searcher: Searcher) -> list[str]:
    """The words that weigh most in BM25, of those that are there at all."""
    found = {word: sum(searcher.doc_freq(field, word) for field in BOOSTS) for word in words}
    return sorted((word for word in words if found[word]), key=lambda word: found[word])[:_MAX_TERMS]


def _collections_in(searcher: Searcher) -> set[int] | None:
    """The collections that have chunks; None when there are too many to list."""
    groups = {"terms": {"field": COLLECTION, "size": _MAX_COLLECTIONS}}
    found = searcher.aggregate(Query.all_query(), {"found": groups})["found"]
    if found["sum_other_doc_count"]:
        return None
    return {int(bucket["key"]) for bucket in found["buckets"]}
