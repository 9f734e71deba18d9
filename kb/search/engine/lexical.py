"""Lexical search: tantivy, BM25 over the words of title, headings and body, and over identifiers.

Two threads may not change it at once. Searches see the state of the last `reload`, whatever is being written.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tantivy import FieldType, Index, Query, Schema, Searcher

from kb.search.engine.analysis import WORDS, word_analyzer
from kb.search.engine.errors import DamagedIndexError, IndexWriteError
from kb.search.engine.lexical_files import copy_index
from kb.search.engine.lexical_question import LexicalQuestion, Questions
from kb.search.engine.lexical_schema import (
    COLLECTION,
    DOCUMENT,
    LINKS,
    MOSTLY_LINKS,
    make_document,
    make_schema,
)
from kb.search.engine.lexical_view import View, chunk_values
from kb.search.engine.types import Row

_MAX_COLLECTIONS = 10_000
_PAGE = 50_000
_HEAP_BYTES = 64_000_000


class LexicalIndex:
    """Starts empty: the folder is scratch room, and what an earlier process left in it is deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = make_schema()
        self._questions = Questions(self._schema)
        self._start_empty()

    def __len__(self) -> int:
        count: int = self._searcher.num_docs
        return count

    @property
    def link_shares(self) -> Mapping[int, float]:
        """How much of a chunk is links, 0 to 1; only of those of which most is."""
        return self._link_shares

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
        self._link_shares = dict(_link_shares(self._searcher, self._schema))

    def question(self, query: str, collections: frozenset[int] | None) -> LexicalQuestion:
        """What is asked, of what searches see now.

        Args:
            query: any text; nothing in it is syntax.
            collections: only chunks of these; None for all. It does not change the scores.
        """
        return self._questions.read(query, self._view(collections))

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


def _link_shares(searcher: Searcher, schema: Schema) -> Iterator[tuple[int, float]]:
    most = Query.range_query(schema, LINKS, FieldType.Unsigned, MOSTLY_LINKS, 100)
    for start in range(0, searcher.num_docs, _PAGE):
        hits = searcher.search(most, _PAGE, count=False, offset=start).hits
        if not hits:
            return
        percents = searcher.fast_field_values(LINKS, [address for _, address in hits])
        yield from zip(chunk_values(searcher, hits), (percent / 100 for percent in percents), strict=True)


def _collections_in(searcher: Searcher) -> set[int] | None:
    """The collections that have chunks; None when there are too many to list."""
    groups = {"terms": {"field": COLLECTION, "size": _MAX_COLLECTIONS}}
    found = searcher.aggregate(Query.all_query(), {"found": groups})["found"]
    if found["sum_other_doc_count"]:
        return None
    return {int(bucket["key"]) for bucket in found["buckets"]}
