"""A word of a question that nobody has written is probably one that somebody has, mistyped.

What is corrected is the word as typed, not its stem: a slip in an ending ("deploymnet") leaves a stem that is
far from the right one. Figures are in docs/decisions/0018-spelling.md.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Query, Schema

from kb.search.engine.analysis import without_identifiers, word_analyzer
from kb.search.engine.lexical_schema import TEXT
from kb.search.engine.lexical_view import View
from kb.search.engine.named import without_quotations
from kb.search.engine.stop_words import ENGLISH

_SHORTEST = 4  # of shorter words too many others are one edit away
_LONG = 8  # from this length on two edits still leave a word that is like few others
_LONGEST = 32
_MOST_WORDS = 4  # respelt in one question: each takes a millisecond
_TRIED = 8  # neighbours that are looked up in the readable chunks
_COMMON = 100  # a word in more chunks than this is none that is looked up: it is no slip, whoever reads it
_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = frozenset(ENGLISH)


@dataclass(frozen=True)
class Respelt:
    """What to search for as well.

    Attributes:
        terms: of the lexical index, as `word_analyzer` gives them.
        queries: for words of which only something two edits away is there.
    """

    terms: list[str]
    queries: list[Query]


class Speller:
    """Finds the indexed words that are nearest to mistyped ones. Any number of threads may use it."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._words = word_analyzer()

    def respelt(self, question: str, terms: Sequence[str], view: View) -> Respelt:
        """For each word that no readable chunk holds, the nearest that one holds.

        Identifiers, quotations, abbreviations and words with digits mean what they say, and are left alone.
        Only readable chunks decide, so that no correction tells of a word elsewhere.

        Args:
            terms: the question's, as `question_words` gives them.
        """
        unknown = {term for term in terms if self._is_unknown(term, view)}
        found = Respelt([], [])
        if not unknown:
            return found
        mistyped = [(word, stem) for word in _correctable(question) if (stem := self._stem(word)) in unknown]
        for word, stem in mistyped[:_MOST_WORDS]:
            neighbours = one_edit_away(word)
            if neighbours & _STOP_WORDS:
                continue  # "wich" is "which", and says nothing
            nearest = self._nearest(neighbours, view)
            if nearest:
                found.terms.append(nearest)
            elif len(word) >= _LONG:
                found.queries.extend(self._two_edits_away(stem, view))
        return found

    def _is_unknown(self, term: str, view: View) -> bool:
        count = view.frequency(term)
        if view.collections is None or not 0 < count <= _COMMON:
            return count == 0
        return not view.holds(term)

    def _stem(self, word: str) -> str:
        return " ".join(self._words.analyze(word))

    def _nearest(self, neighbours: set[str], view: View) -> str | None:
        """The most frequent term among them."""
        terms = {term for term in self._words.analyze(" ".join(neighbours)) if len(term) > 1}
        counted = sorted((-count, term) for term in terms if (count := view.frequency(term)))
        return next((term for _, term in counted[:_TRIED] if view.holds(term)), None)

    def _two_edits_away(self, stem: str, view: View) -> list[Query]:
        """All terms as one, which weighs what BM25 gives an average chunk for a term that is as frequent."""
        wanted = Query.fuzzy_term_query(self._schema, TEXT, stem, 2)
        count = view.count(wanted)
        if not count:
            return []
        everything = view.searcher.num_docs
        return [Query.boost_query(wanted, math.log(1 + (everything - count + 0.5) / (count + 0.5)))]


def one_edit_away(word: str) -> set[str]:
    """Strings that differ by one letter left out, put in or replaced, or by two neighbours swapped."""
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    shorter = {before + after[1:] for before, after in splits if after}
    swapped = {before + after[1] + after[0] + after[2:] for before, after in splits if len(after) > 1}
    letters = string.ascii_lowercase
    replaced = {before + letter + after[1:] for before, after in splits if after for letter in letters}
    longer = {before + letter + after for before, after in splits for letter in letters}
    return (shorter | swapped | replaced | longer) - {word}


def _correctable(question: str) -> list[str]:
    """Words in lower case, in order, that may be mistyped."""
    found = _WORD.findall(without_identifiers(without_quotations(question)))
    return list(
        dict.fromkeys(
            word.lower()
            for word in found
            if _SHORTEST <= len(word) <= _LONGEST and word.isalpha() and not word.isupper()
        )
    )
