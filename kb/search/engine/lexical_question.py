"""A question as the lexical index understands it: its words, and what it names to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Occur, Query, Schema, Searcher

from kb.search.engine.analysis import identifiers, normalise, question_words, word_analyzer
from kb.search.engine.lexical_schema import IDENTIFIERS, TEXT, term_query
from kb.search.engine.lexical_view import View
from kb.search.engine.named import full_names, name_like, quoted_phrases, rare_in
from kb.search.engine.ranking import best
from kb.search.engine.spelling import Respelt, Speller

_MAX_TERMS = 64
_MAX_NAMED = 16
_HOLDERS = 10


@dataclass(frozen=True)
class LexicalQuestion:
    """Asked of the index at one moment, as far as somebody may read it.

    Attributes:
        wanted: any of the question's terms; None when it has none.
        named: one for each thing that it names to the letter. See `kb.search.engine.named` for what counts.
    """

    view: View
    wanted: Query | None
    named: Sequence[Query]

    def best(self, limit: int) -> list[tuple[int, float]]:
        """The best chunks and their BM25, best first."""
        wanted = self.wanted
        if wanted is None or limit <= 0:
            return []
        return best(lambda count: self.view.best(wanted, count), limit)

    def bm25s(self, chunk_ids: Sequence[int]) -> dict[int, float]:
        """BM25 of these chunks; those without a term of the question are left out."""
        if self.wanted is None or not chunk_ids:
            return {}
        return dict(self.view.of_chunks(self.wanted, chunk_ids))

    def holders(self) -> list[list[int]]:
        """For each thing named to the letter the chunks that hold it, best first, ten at most.

        A thing that no readable chunk holds is left out.
        """
        if self.wanted is None:
            return []
        asked = (Occur.Should, self.wanted)
        wanted = (Query.boolean_query([(Occur.Must, each), asked]) for each in self.named)
        found = ([chunk_id for chunk_id, _ in self.view.best(each, _HOLDERS)] for each in wanted)
        return [chunk_ids for chunk_ids in found if chunk_ids]


class Questions:
    """Reads questions. Any number of threads may use it."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._question_words = question_words()
        self._words = word_analyzer()
        self._speller = Speller(schema)

    def read(self, query: str, view: View) -> LexicalQuestion:
        words = self._question_words(query)
        return LexicalQuestion(view, self._wanted(query, words, view), self._named(query, words, view))

    def _wanted(self, query: str, words: list[str], view: View) -> Query | None:
        """A word that nobody has written is looked for as the nearest that somebody has."""
        if len(words) > _MAX_TERMS:
            words, respelt = _rarest(words, view.searcher), Respelt([], [])
        else:
            respelt = self._speller.respelt(query, words, view)
        parts = [self._term(TEXT, word) for word in dict.fromkeys([*words, *respelt.terms])]
        parts += respelt.queries
        parts += [self._term(IDENTIFIERS, name) for name in identifiers(query)[:_MAX_TERMS]]
        return Query.boolean_query([(Occur.Should, part) for part in parts]) if parts else None

    def _named(self, query: str, words: list[str], view: View) -> list[Query]:
        named = [self._term(IDENTIFIERS, name) for name in identifiers(query)]
        phrases = [self._words.analyze(normalise(phrase)) for phrase in quoted_phrases(query)]
        named += [self._phrase(phrase) for phrase in phrases if phrase]
        named += self._rare_names(query, words, view)
        named += [self._term(TEXT, word) for word in self._rare(query, words, view)]
        return named[:_MAX_NAMED]

    def _phrase(self, words: list[str]) -> Query:
        if len(words) == 1:
            return self._term(TEXT, words[0])
        return Query.phrase_query(self._schema, TEXT, list(words))

    def _rare_names(self, query: str, words: list[str], view: View) -> list[Query]:
        """Names of several words, each of which may be common."""
        most = rare_in(view.searcher.num_docs, len(words), like_a_name=True)
        names = [self._words.analyze(name) for name in full_names(query)] if most else []
        found = [self._phrase(name) for name in names if len(name) > 1]
        return [each for each in found if 0 < view.count(each) <= most]

    def _rare(self, query: str, words: list[str], view: View) -> list[str]:
        """Terms of the question that hardly any chunk has."""
        names = {term for word in name_like(query) for term in self._words.analyze(word)}
        chunks = view.searcher.num_docs
        most = {term: rare_in(chunks, len(words), like_a_name=term in names) for term in words}
        return [term for term in words if most[term] and 0 < view.frequency(term) <= most[term]]

    def _term(self, field: str, term: str) -> Query:
        return term_query(self._schema, field, term)


def _rarest(words: Sequence[str], searcher: Searcher) -> list[str]:
    """The words that weigh most in BM25, of those that are there at all."""
    found = {word: searcher.doc_freq(TEXT, word) for word in words}
    return sorted((word for word in words if found[word]), key=lambda word: found[word])[:_MAX_TERMS]
