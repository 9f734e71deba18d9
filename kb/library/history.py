"""Writing down and reading the log of a document: each stage, when, which attempt, and whose doing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from kb.accounts.models import User
from kb.library.event_models import DocumentEvent, Stage
from kb.library.models import Document


@dataclass(frozen=True)
class Entry:
    """A line of the log, with the seconds since the line before it."""

    event: DocumentEvent
    since_s: float | None


def record(
    stage: Stage,
    document_ids: Iterable[int],
    *,
    by: User | None = None,
    attempt: int = 0,
    detail: str = "",
    at: datetime | None = None,
) -> None:
    """Write the stage down for each of these documents, in the caller's transaction."""
    rows = Document.objects.filter(pk__in=list(document_ids)).order_by("pk")
    DocumentEvent.objects.bulk_create(
        DocumentEvent(
            document_id=pk,
            collection_id=collection_id,
            stage=stage,
            by=by,
            attempt=attempt,
            detail=detail,
            at=at or timezone.now(),
        )
        for pk, collection_id in rows.values_list("pk", "collection_id")
    )


def record_way(document: Document, stages: Iterable[tuple[Stage, datetime, str]]) -> None:
    """Write several stages of one document down: stage, when, and what is to be said of it."""
    DocumentEvent.objects.bulk_create(
        DocumentEvent(
            document=document, collection_id=document.collection_id, stage=stage, at=at, detail=detail
        )
        for stage, at, detail in stages
    )


def history_of(document: Document) -> list[Entry]:
    """The log, the earliest first."""
    events = list(document.events.select_related("by").order_by("at", "pk"))
    return [
        Entry(event, round((event.at - before.at).total_seconds(), 3) if before else None)
        for before, event in zip([None, *events], events, strict=False)
    ]
