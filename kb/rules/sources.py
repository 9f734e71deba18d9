"""The words of documents behind verified answers, and whether they still stand."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from kb.library.models import Document, DocumentText, Status
from kb.rules.models import State, VerifiedAnswer, VerifiedSource

GONE, CHANGED, NEWER = "gone", "changed", "newer"


@dataclass(frozen=True)
class StandingSource:
    """Words of the version that is read now: ``document text [start:end] == text``."""

    document: Document
    chunk_id: int
    start: int
    end: int
    text: str


def standing_sources(answer: VerifiedAnswer) -> list[StandingSource] | None:
    """The sources in their newest versions; None as soon as one of them is gone or says something else.

    An answer without sources has none that could be gone.
    """
    found = []
    for source in _rows(answer):
        standing, _ = look_at(source)
        if standing is None:
            return None
        found.append(standing)
    return found


def trouble_of(answer: VerifiedAnswer) -> list[tuple[VerifiedSource, str]]:
    """Sources to look at: GONE and CHANGED ones silence the answer, NEWER ones do not."""
    told = ((source, look_at(source)[1]) for source in _rows(answer))
    return [(source, trouble) for source, trouble in told if trouble]


def is_stopped(answer: VerifiedAnswer) -> bool:
    """Whether it is on and silent: its last day is over, or a source no longer stands."""
    if answer.state != State.ON:
        return False
    is_over = answer.valid_until is not None and answer.valid_until < timezone.localdate()
    return is_over or any(trouble in (GONE, CHANGED) for _, trouble in trouble_of(answer))


def look_at(source: VerifiedSource) -> tuple[StandingSource | None, str]:
    """The source as it stands now, and its trouble if it has any.

    Of a document with a newer version the same words are looked for there.
    """
    document = source.document
    text = _text_of(document)
    words = text[source.start : source.end] if text is not None else ""
    if document.deleted_at is not None or not words or document.collection.deleted_at is not None:
        return None, GONE
    if document.superseded_at is None:
        return StandingSource(document, source.chunk_id, source.start, source.end, words), ""
    newest = Document.objects.filter(
        collection_id=document.collection_id,
        external_id=document.external_id,
        status=Status.READY,
        superseded_at=None,
        deleted_at=None,
    ).select_related("collection")
    following = newest.first()
    now = _text_of(following) if following is not None else None
    if following is None or now is None:
        return None, GONE
    at = now.find(words)
    if at < 0:
        return None, CHANGED
    chunk = following.chunks.filter(start__lte=at).order_by("-start").first()
    return StandingSource(following, chunk.pk if chunk else 0, at, at + len(words), words), NEWER


def _rows(answer: VerifiedAnswer) -> QuerySet[VerifiedSource]:
    return answer.sources.select_related("document__collection")


def _text_of(document: Document) -> str | None:
    return DocumentText.objects.filter(document=document).values_list("text", flat=True).first()
