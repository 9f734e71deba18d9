"""Watching documents until each is ready or has failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kb.library.models import PENDING, Document

_POLL_S = 0.25
_AT_ONCE = 500  # SQLite limits the variables of a statement


def wait_for(document_ids: Sequence[int], report: Callable[[int], None]) -> None:
    """Return when none is pending; `report` gets the number that has ended, whenever it changes."""
    pending = list(document_ids)
    while True:
        pending = _still_pending(pending)
        report(len(document_ids) - len(pending))
        if not pending:
            return
        time.sleep(_POLL_S)


def _still_pending(document_ids: Sequence[int]) -> list[int]:
    found: list[int] = []
    for at in range(0, len(document_ids), _AT_ONCE):
        rows = Document.objects.filter(pk__in=document_ids[at : at + _AT_ONCE], status__in=PENDING)
        found.extend(rows.values_list("pk", flat=True))
    return found
