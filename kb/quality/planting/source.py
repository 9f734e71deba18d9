"""The sentences of a passage that something can be planted in, and what stands around them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from kb.quality.planting.phrases import DETERMINERS, EMPTY_NOUNS, NAME_INSIDE, VERB_SIGN, same_words, shape_of
from kb.rag.sentences import split_segments
from kb.rag.words import plain

_FEWEST_WORDS, _MOST_WORDS = 6, 45
_WORDS_ONLY = re.compile(r"[^\W_].*[^\W_][.!]", re.DOTALL)
_ODD = re.compile(r"\]\(|https?:|[|<>=*#`\\^~{}\[\]]|\.\.|\?|\b(?:i\.e|e\.g)\b")


@dataclass(frozen=True)
class Source:
    """A sentence as it stands in a passage, in plain words on one line.

    Attributes:
        strangers: names of other passages, for putting in the place of one.
    """

    sentence: str
    passage: str
    strangers: tuple[str, ...] = ()

    @cached_property
    def folded(self) -> str:
        """The passage in lower case, words parted by single spaces, with a space at both ends."""
        return f" {' '.join(same_words(plain(self.passage)))} "

    def mentions(self, words: str) -> bool:
        """Whether the passage holds these words, anywhere."""
        return f" {' '.join(same_words(words))} " in self.folded

    def is_thing(self, phrase: str) -> bool:
        """Whether a phrase names somebody or something: no "the following", and no word with a capital only
        because it begins a sentence."""
        words = phrase.casefold().split()
        if words[-1] in EMPTY_NOUNS or words[0] in ("this", "these") or words == ["st"]:
            return False
        if " " in phrase or phrase.isupper() or phrase[0].islower():
            return True
        return re.search(rf"[a-z,] {re.escape(phrase)}\b", plain(self.passage)) is not None or (
            phrase.endswith("s") and self.mentions(phrase.lower())
        )

    def within(self, phrase: str) -> str:
        """A phrase that may have begun a sentence as it stands inside of one; a name keeps its capital."""
        first = phrase.split()[0]
        lowers = first.lower() in DETERMINERS or self.mentions_lower(first)
        return phrase[0].lower() + phrase[1:] if lowers else phrase

    def mentions_lower(self, word: str) -> bool:
        """Whether the passage has this word without a capital."""
        return re.search(rf"\b{re.escape(word.lower())}\b", self.passage) is not None

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The other sentences of the passage."""
        return tuple(one for one in whole_sentences(self.passage) if one != self.sentence)


# Makes another sentence of a source; None where it cannot be made. Same source and draws, same sentence.
Change = Callable[[Source, random.Random], str | None]


def sources_of(passages: Sequence[str]) -> list[Source]:
    """Every sentence of the passages that is whole."""
    names = [tuple(dict.fromkeys(NAME_INSIDE.findall(passage))) for passage in passages]
    found = []
    for at, passage in enumerate(passages):
        # Names from the passages around: far enough from this one, near enough to sound alike.
        near = [name for other in range(at + 1, at + 40) for name in names[other % len(names)]]
        strangers = tuple(dict.fromkeys(name for name in near if shape_of(name) and "'" not in name))
        found += [Source(sentence, passage, strangers) for sentence in whole_sentences(passage)]
    return found


def whole_sentences(passage: str) -> Iterator[str]:
    """Sentences of running text and list items with a verb and a full stop, without markup, links and
    quotation marks left open."""
    for segment in split_segments(passage):
        words = " ".join(plain(passage[segment.body : segment.body_end]).split())
        if segment.block in ("p", "li") and _is_whole(words):
            yield words


def _is_whole(words: str) -> bool:
    count = len(words.split())
    return (
        _FEWEST_WORDS <= count <= _MOST_WORDS
        and (words[0].isupper() or words[0].isdigit())
        and _WORDS_ONLY.fullmatch(words) is not None
        and _ODD.search(words) is None
        and words.count("(") == words.count(")")
        and words.count('"') % 2 == 0
        and VERB_SIGN.search(words) is not None
    )
