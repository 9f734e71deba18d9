"""How text becomes the terms of the lexical index, and a question the terms to look for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from kb.search.engine.stop_words import ENGLISH

# The name is stored in every index: whoever changes what `word_analyzer` or `identifiers` gives also gives
# this another number, so that an index made the old way is recognised and built again.
WORDS = "kb_words_4"

_LONGEST_WORD = 64
_LONGEST_IDENTIFIER = 100
# Letters and digits joined by one or two of - _ . @ +. The look-behind and the possessive quantifiers keep
# it linear: it starts only where a word starts and never gives a letter back.
_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[-_.@+]{1,2}+[^\W_]++)+")
_TELLING = re.compile(r"[\d_.@]")
_ABBREVIATION = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")  # i.e, e.g, u.s


def normalise(text: str) -> str:
    """Compatibility forms unified (PDF ligatures, full-width letters); broken surrogates replaced."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode())


def word_analyzer() -> TextAnalyzer:
    """Words in lower case, without accents, reduced to their English stem."""
    return _words(None)


def question_words() -> Callable[[str], list[str]]:
    """A function from a question to its distinct terms, in order.

    Stop words go, unless nothing else is left: they are in the index, so "Who are we?" still finds
    something. On each of seven test sets, nDCG@10 of the lexical index alone rose, by .001 to .032, against
    keeping all words.
    """
    everything, telling = word_analyzer(), _words(list(ENGLISH))

    def terms(text: str) -> list[str]:
        normal = normalise(text)
        return list(dict.fromkeys(telling.analyze(normal) or everything.analyze(normal)))

    return terms


def identifiers(text: str) -> list[str]:
    """Distinct compound names without case, in order: KB-1234, snake_case, error codes, e-mail addresses.

    Ordinary hyphenated words are not among them; as compounds they only counted their parts twice. Nor are
    abbreviations such as e.g., which name nothing.
    """
    found = _COMPOUND.findall(normalise(text).casefold())
    return [name for name in dict.fromkeys(found) if len(name) <= _LONGEST_IDENTIFIER and _is_telling(name)]


def without_identifiers(text: str) -> str:
    """The normalised text, with a gap for each compound name of those that `identifiers` finds."""
    return _COMPOUND.sub(lambda name: " " if _is_telling(name[0]) else name[0], normalise(text))


def _is_telling(name: str) -> bool:
    return _TELLING.search(name) is not None and _ABBREVIATION.fullmatch(name) is None


def _words(stop_words: list[str] | None) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for each in (Filter.remove_long(_LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold()):
        builder = builder.filter(each)
    if stop_words is not None:
        builder = builder.filter(Filter.custom_stopword(stop_words))
    return builder.filter(Filter.stemmer("english")).build()
