"""Plain conditions on a text: it holds one of these words or phrases, or a line matches an expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kb.rag.words import plain, stem, tokens
from kb.rules.folding import fold
from kb.rules.likeness import looks_like, readings
from kb.rules.patterns import Pattern, compile_any


@dataclass(frozen=True)
class Condition:
    """Compiled words and expressions. A condition without either holds for every text.

    Attributes:
        phrases: each phrase as it was written, with the stems of its words.
        looks: the same, with the stems of what it looks like.
        letters: phrases in writing without spaces between words, looked for letter by letter.
    """

    phrases: tuple[tuple[str, tuple[str, ...]], ...] = ()
    letters: tuple[str, ...] = ()
    pattern: Pattern | None = None
    looks: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_property
    def sought(self) -> frozenset[str]:
        """The stems of all words of the phrases as they look."""
        return frozenset(word for _, stems in self.looks for word in stems)

    @property
    def is_empty(self) -> bool:
        return not (self.phrases or self.letters or self.pattern)

    def cause(self, text: str) -> str | None:
        """What of the condition the text holds ("" for an empty one); None when nothing.

        Invisible characters, letter case, inflection and unusual forms of letters play no part. Words count
        as they are written, as they look, and as a reader sees them in Markdown and HTML.
        """
        if self.is_empty:
            return ""
        written = dict.fromkeys((text, fold(text).text))
        causes = (self._cause(one) for one in written)
        return next((found for found in causes if found is not None), None)

    def _cause(self, text: str) -> str | None:
        read = plain(text)
        if self.phrases:
            looks = readings(text, lambda word: stem(word) in self.sought)
            for said, known in ((read, self.phrases), *((plain(look), self.looks) for look in looks)):
                found = _first_in(said, known)
                if found is not None:
                    return found
        folded = read.casefold()
        for phrase in self.letters:
            if phrase in folded:
                return phrase
        if self.pattern is not None and self.pattern.search(read) is not None:
            return "pattern"
        return None


def compile_condition(phrases: Sequence[str], patterns: Sequence[str]) -> Condition:
    """Raises InvalidPatternError."""
    words = [(phrase, _stems(plain(phrase))) for phrase in phrases]
    spaced = [(phrase, stems) for phrase, stems in words if stems and not _is_unspaced(phrase)]
    return Condition(
        tuple(spaced),
        tuple(plain(phrase).casefold() for phrase, stems in words if not stems or _is_unspaced(phrase)),
        compile_any(patterns),
        tuple((phrase, _stems(plain(looks_like(phrase)))) for phrase, _ in spaced),
    )


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(token) for token in tokens(text))


def _first_in(text: str, phrases: Sequence[tuple[str, tuple[str, ...]]]) -> str | None:
    said = f" {' '.join(_stems(text))} "
    return next((phrase for phrase, stems in phrases if f" {' '.join(stems)} " in said), None)


def _is_unspaced(phrase: str) -> bool:
    """Chinese, Japanese, Thai and the like put no spaces between words."""
    return any("\u0e00" <= character <= "\u0eff" or "\u3040" <= character <= "\u9fff" for character in phrase)
