"""Whether one thing that a sentence says was put together from two things that its source says."""

from __future__ import annotations

import re
from itertools import combinations

from kb.rag.reading import Reading
from kb.rag.statements import Statement
from kb.rag.window import Window
from kb.rag.words import content_stems

# "The officer is Weber and the manager Okoro" says two things; each may come from a statement of its own.
_JOINED = re.compile(
    r"[,;:]| - |\b(?:and|or|but|while|whereas|as well as|plus|und|oder|aber|während|sowie)\b", re.IGNORECASE
)


def joined_apart(claim: Reading, window: Window) -> bool:
    """Whether the claim takes one thing from one statement and another from its neighbour as if they were
    one.

    "Keller leads sales in Asia. Brandt leads sales in America." do not say "Keller leads sales in America",
    and of a list that names the officer and then the manager no line says that the manager is the officer.
    """
    pieces = [frozenset(content_stems(piece)) for piece in _JOINED.split(claim.text)]
    return any(
        _halves(piece, one, other, claim)
        for piece in pieces
        for one, other in combinations(window.statements, 2)
    )


def _halves(piece: frozenset[str], one: Statement, other: Statement, claim: Reading) -> bool:
    only_one, only_other = piece & one.stems - other.stems, piece & other.stems - one.stems
    if not only_one or not only_other or other.points_back:
        return False
    if one.block == other.block and one.block in ("li", "row") and one.lead == other.lead:
        return True
    # Two sentences with one verb: the subject of one with what is said of the other.
    subject = claim.stems[:1]
    parted = bool(subject) and (subject[0] in only_one or subject[0] in only_other)
    return parted and bool(piece & one.stems & other.stems)
