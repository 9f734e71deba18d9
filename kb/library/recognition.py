"""How sure text recognition was of the pages that it read: what a person should look at."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from kb.library.models import Collection, Document, Status
from kb.library.overview import present_documents

# Below this, of 1, many words of a page are wrong.
LOW = 0.7


@dataclass(frozen=True)
class ReadPage:
    """A page that text recognition read; confidence 0 to 1, as the engine tells it."""

    number: int
    confidence: float

    @property
    def is_low(self) -> bool:
        return self.confidence < LOW


def pages_read(document: Document) -> list[ReadPage]:
    """In their order; senders may write anything into metadata, and what is no figure is left out."""
    told = document.metadata.get("ocr_confidence")
    if not isinstance(told, dict):
        return []
    pages = [
        ReadPage(int(number), float(confidence))
        for number, confidence in told.items()
        if number.isdecimal() and isinstance(confidence, (int, float)) and 0 <= confidence <= 1
    ]
    return sorted(pages, key=lambda page: page.number)


def badly_read(collection: Collection) -> QuerySet[Document]:
    """Ready, with a page of which recognition was not sure; the worst first."""
    ready = present_documents([collection]).filter(status=Status.READY, metadata__ocr_lowest__lt=LOW)
    return ready.order_by("metadata__ocr_lowest", "pk")
