"""Where sources disagree: found among the passages, the newer put first, told with the answer.

A document is the newer one by the day that `kb.library.dating` knows; on the same day neither is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kb.chat.models import MessagePassage
from kb.library.dating import dated
from kb.library.models import Document
from kb.rag.disagreement import Disagreement, Side, find_disagreements
from kb.rag.extract import relevance
from kb.rag.types import Passage, Quote

_ENOUGH = 0.3  # of the question's words, as for a quotation that answers
_MOST = 5


@dataclass(frozen=True)
class Conflict:
    """A disagreement; `newer` is the place of the side to prefer, None where neither is known to be newer."""

    found: Disagreement
    newer: int | None

    @property
    def preferred(self) -> tuple[Side, Side] | None:
        """The newer side and the older one."""
        if self.newer is None:
            return None
        return self.found.sides[self.newer], self.found.sides[1 - self.newer]


def newest_first(passages: Sequence[Passage], question: str) -> tuple[list[Passage], list[Conflict]]:
    """The passages, renumbered, each newer one before the older that it disagrees with; and where they do."""
    ordered = list(passages)
    conflicts = _conflicts(ordered, question)
    if not conflicts:
        return ordered, []
    for conflict in conflicts:
        if conflict.preferred is not None:
            newer, older = (side.quote.n for side in conflict.preferred)
            at, other = _place(ordered, newer), _place(ordered, older)
            if other < at:
                ordered.insert(other, ordered.pop(at))
    ordered = [replace(passage, n=n) for n, passage in enumerate(ordered, start=1)]
    return ordered, _conflicts(ordered, question)


def _place(passages: Sequence[Passage], n: int) -> int:
    return next(at for at, passage in enumerate(passages) if passage.n == n)


def _conflicts(passages: Sequence[Passage], question: str) -> list[Conflict]:
    found = find_disagreements(passages, question)
    if not found:
        return []
    document_of = {passage.n: passage.document_id for passage in passages}
    days = {
        pk: dated(document).day
        for pk, document in Document.objects.in_bulk(set(document_of.values())).items()
    }
    conflicts = []
    for item in found:
        one, other = (days.get(document_of[side.quote.n]) for side in item.sides)
        known = one is not None and other is not None and one != other
        conflicts.append(Conflict(item, (0 if one > other else 1) if known else None))  # type: ignore[operator]
    return conflicts


def newer_of(quote: Quote, conflicts: Iterable[Conflict]) -> Quote | None:
    """What the newest document says in the place of these words, which an older one says."""
    found: Quote | None = None
    pairs = [conflict.preferred for conflict in conflicts if conflict.preferred is not None]
    for _ in pairs:  # each step leads to a newer document, so that there are no more steps than pairs
        asked = found or quote
        step = next((newer.quote for newer, older in pairs if _overlap(asked, older.quote)), None)
        if step is None:
            break
        found = step
    return found


def told(
    conflicts: Iterable[Conflict], question: str, passages: Sequence[Passage], cited: Sequence[Quote] = ()
) -> list[dict[str, Any]]:
    """Those that matter to the question, or to words that the answer cites, as they are stored."""
    shown = [
        conflict
        for conflict in conflicts
        if any(
            relevance(question, side.quote, passages) >= _ENOUGH
            or any(_overlap(side.quote, quote) for quote in cited)
            for side in conflict.found.sides
        )
    ]
    return [_stored(conflict) for conflict in shown[:_MOST]]


def _overlap(one: Quote, other: Quote) -> bool:
    return one.n == other.n and one.start < other.end and other.start < one.end


def _stored(conflict: Conflict) -> dict[str, Any]:
    sides = [
        {
            "n": side.quote.n,
            "start": side.quote.start,
            "end": side.quote.end,
            "quote": side.quote.quote,
            "value": side.value,
        }
        for side in conflict.found.sides
    ]
    return {"kind": conflict.found.kind, "newer": conflict.newer, "sides": sides}


def live_conflicts(
    stored: Iterable[Mapping[str, Any]], passages: Iterable[MessagePassage]
) -> list[tuple[Mapping[str, Any], list[MessagePassage]]]:
    """Stored ones of which both documents still stand, each with the passages of its sides."""
    rows = {row.n: row for row in passages if row.document.deleted_at is None}
    return [
        (item, [rows[side["n"]] for side in item["sides"]])
        for item in stored
        if all(side["n"] in rows for side in item["sides"])
    ]
