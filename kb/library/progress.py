"""How far a document is, from its row alone: the same for every page, browser and program."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from kb.library.models import PENDING, Document


def progress_of(document: Document, now: datetime | None = None) -> dict[str, Any] | None:
    """Step, current, maximum and the seconds left (None until known); None when nothing is under way."""
    if document.status not in PENDING:
        return None
    return {
        "step": document.progress_step or document.status,
        "current": document.progress_current,
        "maximum": document.progress_maximum,
        "eta_s": _eta_s(document, now or timezone.now()),
    }


def _eta_s(document: Document, now: datetime) -> float | None:
    if not document.started_at or not document.progress_current:
        return None
    elapsed = (now - document.started_at).total_seconds()
    left = document.progress_maximum - document.progress_current
    return round(elapsed / document.progress_current * left, 1)
