"""Whether a sentence and its source agree in polarity: negation, modality, and pairs of opposites."""

from __future__ import annotations

from collections.abc import Sequence

from kb.rag.contrasts import OPPOSITES
from kb.rag.polarity import is_negation
from kb.rag.reading import Clause, Reading
from kb.rag.window import Window
from kb.rag.wordlists import NEGATIVE_PREFIXES

# A claim's clause speaks for a source's clause when it holds this share of its content words.
_SPEAKS_FOR = 0.6
_MODAL = frozenset({"must", "should", "forbid", "exempt"})
_ANY_MODALITY = {"may", "must", "should"}


def negation_differs(claim: Reading, window: Window) -> bool:
    """Whether a negation or modality of the claim is not the source's, or one of the source's is missing.

    Clause by clause: "do A but do not B" has the words of "do not A but do B". What the source negates in
    clauses that the claim does not speak of plays no part.
    """
    orders = _gives_orders(claim, window)
    answered: dict[Clause, frozenset[str]] = {}
    for clause in claim.clauses:
        sources = _sources(clause, claim.clauses, window.clauses)
        said = frozenset(mark for source in sources for mark in source.marks)
        implied = set() if said & _MODAL else {"may"} if "may" in said or not orders else _ANY_MODALITY
        if not clause.marks - implied <= said or _weakened(clause.marks, said):
            return True
        for source in sources:
            answered[source] = answered.get(source, frozenset()) | clause.marks
    lost = any(
        is_negation(mark) and mark not in marks for source, marks in answered.items() for mark in source.marks
    )
    return lost or _prefix_differs(claim, window)


def opposite_said(claim: Reading, window: Window) -> bool:
    """Whether the claim has one side of a pair of opposites and the source only the other.

    So it is for the whole, and for a clause and those of the source that it speaks for: "hand in the form
    before the trip and the receipts after it" does not say "hand in the form after the trip".
    """
    if _against(frozenset(claim.all_tokens), frozenset(window.all_tokens)):
        return True
    for clause in claim.clauses:
        sources = _sources(clause, claim.clauses, window.clauses)
        if sources and all(_against(clause.words, source.words) for source in sources):
            return True
    return False


def _against(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    return any(
        mine & one and theirs & other and not mine & other and not theirs & one
        for sides in OPPOSITES
        for one, other in (sides, sides[::-1])
    )


def _sources(clause: Clause, claim: Sequence[Clause], sources: Sequence[Clause]) -> list[Clause]:
    """The source clauses that a clause of the claim speaks for.

    The one it shares most with, and each that it covers unless another clause of the claim is nearer to that
    one.
    """
    most = max((len(clause.stems & source.stems) for source in sources), default=0)
    if not most:
        return []
    closest = [source for source in sources if len(clause.stems & source.stems) == most]
    first = next((source for source in closest if source.marks == clause.marks), closest[0])
    covered = [
        source
        for source in sources
        if source is not first
        and len(clause.stems & source.stems) >= max(1, _SPEAKS_FOR * len(source.stems))
        and _nearness(clause, source) == max(_nearness(other, source) for other in claim)
    ]
    return [first, *covered]


def _nearness(clause: Clause, source: Clause) -> tuple[int, int]:
    return len(clause.stems & source.stems), -len(clause.stems)


def _gives_orders(claim: Reading, window: Window) -> bool:
    """Whether the source is an order ("Book early") that a claim puts as a duty ("You must book early").

    A claim may always say "You can find it at ..." where the source says "It is at ...".
    """
    first = {statement.reading.stems[0] for statement in window.statements if statement.reading.stems}
    return bool(first & set(claim.stems[:3]))


def _weakened(mine: frozenset[str], said: frozenset[str]) -> bool:
    """Whether "must" became "may" or "should" in a clause whose source has both."""
    return bool(mine & {"may", "should"}) and "must" in said - mine and "must" not in mine


def _prefix_differs(claim: Reading, window: Window) -> bool:
    """ "unpaid" in one and only "paid" in the other."""
    mine, theirs = set(claim.stems), window.all_stems
    return any(
        f"{prefix}{item}" in there and item not in there and f"{prefix}{item}" not in here
        for here, there in ((mine, theirs), (theirs, mine))
        for item in here
        for prefix in NEGATIVE_PREFIXES
        if len(item) > 3
    )
