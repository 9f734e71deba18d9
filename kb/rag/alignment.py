"""Word by word: a sentence laid beside its source, and what was exchanged and left out on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache

from kb.rag.reading import Reading, read
from kb.rag.window import Window
from kb.rag.wordlists import MONTHS, NUMBER_WORDS
from kb.rag.words import is_content, stem

# The shares of the claim's words that must stand in the source, and in the same order, for the rest to be
# comparable. Where two things changed places, only the words between them are in order.
_SHARED, _IN_ORDER = 0.6, 0.4
# A longer stretch was said anew; what stands in whose place is then anybody's guess.
_LONGEST_STRETCH = 5
_JOINING = frozenset(
    {"and", "or", "nor", "as", "well", "both", "either"} | {"und", "oder", "sowie", "noch", "sowohl"}
)
_AS_ONE: dict[tuple[str, ...], tuple[str, ...]] = {
    ("a", "number", "of"): ("several",),
    ("a", "couple", "of"): ("several",),
}
_DENYING = frozenset({"not", "never", "no", "nicht", "nie", "kein", "keine"})


@dataclass(frozen=True)
class Exchange:
    """A stretch of the claim and what the source has in its place, casefolded, neither empty.

    Attributes:
        at: index of its first word in the claim.
        joined: "and" or "or" stands beside it.
        denied: "not" or "never" stands beside it.
    """

    at: int
    mine: tuple[str, ...]
    theirs: tuple[str, ...]
    joined: bool
    denied: bool

    @property
    def stems(self) -> tuple[frozenset[str], frozenset[str]]:
        """Content stems of both sides."""
        return _content(self.mine), _content(self.theirs)


@dataclass(frozen=True)
class Alignment:
    """A claim and one statement of its source that says nearly the same in nearly the same words.

    Attributes:
        mine: casefolded words of the claim.
        theirs: those of the source.
        opcodes: as `SequenceMatcher.get_opcodes` gives them, over the stems of both.
        nearness: the share of the claim's words that stand in the source in the same order.
    """

    claim: Reading
    source: Reading
    opcodes: tuple[tuple[str, int, int, int, int], ...]
    nearness: float

    @property
    def mine(self) -> tuple[str, ...]:
        return self.claim.all_tokens

    @property
    def theirs(self) -> tuple[str, ...]:
        return self.source.all_tokens

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Short stretches that stand in the place of others."""
        found = []
        for kind, a, b, c, d in self.opcodes:
            if kind == "replace" and max(b - a, d - c) <= _LONGEST_STRETCH:
                around = set(self.mine[max(0, a - 1) : b + 1])
                found.append(
                    Exchange(
                        a, self.mine[a:b], self.theirs[c:d], bool(_JOINING & around), bool(_DENYING & around)
                    )
                )
        return tuple(found)


def alignments(claim: Reading, window: Window) -> Iterator[Alignment]:
    """The claim beside each statement of the window that is near enough; beside an item of a list also
    without the words above the list."""
    for statement in window.statements:
        sources = [statement.reading]
        if statement.block == "li":
            sources.append(read(window.passage_text[statement.start : statement.end]))
        for source in sources:
            if found := align(claim, source):
                yield found


@lru_cache(maxsize=512)
def align(claim: Reading, source: Reading) -> Alignment | None:
    """The two beside each other; None where they are not said in nearly the same words."""
    mine, theirs = claim.all_tokens, source.all_tokens
    if not mine or len(set(claim.stems) & set(source.stems)) < _SHARED * len(set(claim.stems)):
        return None
    matcher = SequenceMatcher(
        None, [stem(token) for token in mine], [stem(token) for token in theirs], autojunk=False
    )
    in_order = sum(block.size for block in matcher.get_matching_blocks()) / len(mine)
    if in_order < _IN_ORDER:
        return None
    return Alignment(claim, source, tuple(matcher.get_opcodes()), in_order)


def _content(words: tuple[str, ...]) -> frozenset[str]:
    """Stems of content words; numbers and dates are compared elsewhere, and as what they say."""
    words = _AS_ONE.get(words, words)
    return frozenset(
        stem(word)
        for word in words
        if is_content(word) and not word[0].isdigit() and word not in NUMBER_WORDS and word not in MONTHS
    )
