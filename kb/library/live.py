"""What is going on in a collection at this moment: what its page shows live, and how long it will take."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from kb.library.event_models import ENDS, DocumentEvent
from kb.library.models import Collection, Document, Status
from kb.library.overview import document_counts, present_documents
from kb.library.progress import progress_of

_RATED = 300  # events that the pace is taken from
_SHOWN_WORKING = 50
# A pace of long ago says nothing about now.
_PACE_S = 300.0


@dataclass(frozen=True)
class Live:
    """The state of a collection.

    Attributes:
        newest: id of the latest event in its log; another one means that rows of its table changed.
        counts: documents in each group of states, and all of them.
        working: documents that a worker has in hand, with their progress.
        eta_s: seconds until nothing is under way; None when nothing is, or the pace is not known yet.
    """

    newest: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    working: list[dict[str, Any]] = field(default_factory=list)
    eta_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def look(collection: Collection, now: datetime) -> Live:
    """Five queries, none of which reads more than the counts need."""
    events = DocumentEvent.objects.filter(collection=collection).order_by("-pk")
    latest = list(events.values_list("pk", "stage", "at")[:_RATED])
    counts = document_counts([collection])[collection.pk]
    return Live(
        newest=latest[0][0] if latest else 0,
        counts={"total": counts.total, **vars(counts)},
        working=[_working(row, now) for row in _in_hand(collection)],
        eta_s=_eta_s([at for _, stage, at in latest if stage in ENDS], counts.working, now),
    )


def newest_event(collection_id: int) -> int:
    """One look into an index."""
    rows = DocumentEvent.objects.filter(collection_id=collection_id).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def _in_hand(collection: Collection) -> Sequence[Document]:
    rows = present_documents([collection]).filter(status__in=(Status.PARSING, Status.EMBEDDING))
    return list(rows.order_by("pk")[:_SHOWN_WORKING])


def _working(document: Document, now: datetime) -> dict[str, Any]:
    return {"id": document.pk, "status": document.status, **(progress_of(document, now) or {})}


def _eta_s(ended: Sequence[datetime], waiting: int, now: datetime) -> float | None:
    """From the pace of the latest that ended; the more time since then, the slower the pace."""
    recent = [at for at in ended if (now - at).total_seconds() <= _PACE_S]
    if not waiting or len(recent) < 2:
        return None
    took = (now - min(recent)).total_seconds()
    return round(took / (len(recent) - 1) * waiting, 1) if took > 0 else None


async def changes(
    look_again: Callable[[], Awaitable[Live | None]],
    wait: Callable[[float], Awaitable[None]],
    busy_s: float,
    idle_s: float,
) -> AsyncGenerator[Live]:
    """The state at first, and whenever it is another one; ends when `look_again` gives None.

    Args:
        busy_s, idle_s: seconds between two looks, while something is under way and else.
    """
    before: Live | None = None
    while (now := await look_again()) is not None:
        if now != before:
            yield now
        before = now
        await wait(busy_s if now.counts.get("working") else idle_s)
