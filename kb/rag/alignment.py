"""Word by word: where a sentence says almost what its source says, what stands in which place.

Overlap cannot see that "usually" became "always", or that another name stands where the source has one: the
small words weigh nothing and the names may both be near. So the two are laid beside each other, and each
short stretch that was exchanged is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from kb.rag.polarity import is_passive
from kb.rag.reading import Reading, read
from kb.rag.window import Window
from kb.rag.wordlists import (
    MODALITY,
    MONTHS,
    NUMBER_WORDS,
    OPPOSITES,
    PRONOUNS,
    SCALES,
    SCALES_OF_WORDS,
    UNITS,
)
from kb.rag.words import is_content, stem

# The shares of the claim's words that must stand in the source, and in the same order, for the rest to be
# comparable. Where two things changed places, only the words between them are in order.
_SHARED, _IN_ORDER = 0.6, 0.4
# A longer stretch was said anew; what stands in whose place is then anybody's guess.
_LONGEST_STRETCH = 5
_MEASURES = {word: name for word, name in {**UNITS, **SCALES}.items() if len(word) > 3}
_DENYING = frozenset({"not", "never", "no"})
_JOINING = frozenset({"and", "or", "nor", "as", "well", "both", "either"})


@dataclass(frozen=True)
class _Exchange:
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


def wording_differs(claim: Reading, window: Window) -> str:
    """The stable reason why a stretch of the claim says another thing than the source there; "" if none.

    unit_differs, degree_differs, opposite_in_source, order_differs, name_differs or subject_differs.
    """
    for source in _sources(window):
        exchanges = _exchanges(claim, source)
        reasons = (
            ("unit_differs", any(_other_unit(each) for each in exchanges)),
            ("degree_differs", any(_degree_differs(each) for each in exchanges)),
            ("opposite_in_source", any(_opposite(each) for each in exchanges)),
            ("order_differs", _change_places(claim, source, exchanges)),
            ("name_differs", any(_other_name(each, claim, source) for each in exchanges)),
            ("subject_differs", any(_other_opening(each) for each in exchanges)),
        )
        for reason, differs in reasons:
            if differs:
                return reason
    return ""


def _sources(window: Window) -> Iterator[Reading]:
    """The statements; an item of a list also without the words above the list."""
    for statement in window.statements:
        yield statement.reading
        if statement.block == "li":
            yield read(window.passage_text[statement.start : statement.end])


def _exchanges(claim: Reading, source: Reading) -> list[_Exchange]:
    """Nothing where the two are not said in nearly the same words."""
    mine, theirs = claim.all_tokens, source.all_tokens
    if not mine or len(set(claim.stems) & set(source.stems)) < _SHARED * len(set(claim.stems)):
        return []
    matcher = SequenceMatcher(
        None, [stem(token) for token in mine], [stem(token) for token in theirs], autojunk=False
    )
    if sum(block.size for block in matcher.get_matching_blocks()) < _IN_ORDER * len(mine):
        return []
    return list(_stretches(matcher, mine, theirs))


def _stretches(
    matcher: SequenceMatcher[str], mine: tuple[str, ...], theirs: tuple[str, ...]
) -> Iterator[_Exchange]:
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "replace" and max(b - a, d - c) <= _LONGEST_STRETCH:
            around = set(mine[max(0, a - 1) : b + 1])
            yield _Exchange(a, mine[a:b], theirs[c:d], bool(_JOINING & around), bool(_DENYING & around))


def _degree_differs(each: _Exchange) -> bool:
    """ "Always" for "usually", "may" for "must", "all" for "most"; "may not" and "must not" are one."""
    for scale in SCALES_OF_WORDS:
        if each.denied and scale is MODALITY:
            continue
        mine = {step for step, words in enumerate(scale) if words & _with_have_to(each.mine)}
        theirs = {step for step, words in enumerate(scale) if words & _with_have_to(each.theirs)}
        if mine and theirs and mine != theirs:
            return True
    return False


def _with_have_to(words: Sequence[str]) -> frozenset[str]:
    return frozenset(words) | ({"must"} if "to" in words and {"have", "has"} & set(words) else frozenset())


def _other_unit(each: _Exchange) -> bool:
    """ "A few hundred dollars" for "a few hundred euros": a unit whose number is no number."""
    mine, theirs = (
        {_MEASURES[word] for word in words if word in _MEASURES} for words in (each.mine, each.theirs)
    )
    return bool(mine and theirs) and mine.isdisjoint(theirs)


def _opposite(each: _Exchange) -> bool:
    mine, theirs = set(each.mine), set(each.theirs)
    return any(
        mine & one and theirs & other and not mine & other and not theirs & one
        for sides in OPPOSITES
        for one, other in (sides, sides[::-1])
    )


def _change_places(claim: Reading, source: Reading, exchanges: Sequence[_Exchange]) -> bool:
    """ "A pays B" for "B pays A". Members of a list may change places, and the passive undoes one change."""
    if is_passive(claim.text) != is_passive(source.text):
        return False
    for i, one in enumerate(exchanges):
        for other in exchanges[i + 1 :]:
            mine, theirs = one.stems
            if mine and theirs and other.stems == (theirs, mine) and not (one.joined or other.joined):
                return True
    return False


def _other_name(each: _Exchange, claim: Reading, source: Reading) -> bool:
    """One name stands where the source has another; what opens a sentence may have its capital from that."""
    mine, theirs = (
        {word for name in reading.names if not name.opens for word in name.words if word in words}
        for reading, words in ((claim, each.mine), (source, each.theirs))
    )
    return (
        bool(mine and theirs) and not each.joined and not (mine & set(each.theirs) or theirs & set(each.mine))
    )


def _other_opening(each: _Exchange) -> bool:
    """The sentence opens with another thing than its source, which does not open with a pronoun."""
    mine, theirs = each.stems
    return each.at <= 1 and bool(mine and theirs) and not mine & theirs and PRONOUNS.isdisjoint(each.theirs)


def _content(words: Sequence[str]) -> frozenset[str]:
    """Stems of content words; numbers and dates are compared elsewhere, and as what they say."""
    return frozenset(
        stem(word)
        for word in words
        if is_content(word) and not word[0].isdigit() and word not in NUMBER_WORDS and word not in MONTHS
    )
