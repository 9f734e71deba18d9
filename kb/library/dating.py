"""Of when a document is, and how one knows: what a reader compares two sources by.

A document says it itself (front matter, or metadata of whoever sent it), else the file told when it was last
changed, else all that is known is when it came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from kb.library.models import Document
from kb.rag.dates import find_dates

STATED, FILE, UPLOADED = "document", "file", "upload"
FILE_MODIFIED = "file_modified"
# What front matter and metadata call it, the most telling first; letter case, "-" and "_" aside.
_STATED = (
    "lastupdated", "updated", "lastmodified", "lastmod", "modified", "lastreviewed", "revised",
    "effectivedate", "effective", "date", "published", "publishdate", "created",
)  # fmt: skip
_LONGEST = 60
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Dated:
    """Attributes: by: STATED by the document, of its FILE, or only when it was UPLOADED."""

    day: date
    by: str


def dated(document: Document) -> Dated:
    """The date of a version. A date later than the upload is a plan, not an age, and does not count."""
    came_in = timezone.localdate(document.created_at)
    # What a manager wrote; a cleared one leaves the file's word.
    if (written := day_of(document.edited.get("date"))) is not None:
        return Dated(written, STATED)
    told = _flat(document.metadata)
    for name in _STATED:
        day = day_of(told.get(name))
        if day is not None and day <= came_in + _DAY:
            return Dated(day, STATED)
    day = day_of(told.get(folded(FILE_MODIFIED)))
    return Dated(day, FILE) if day is not None and day <= came_in + _DAY else Dated(came_in, UPLOADED)


def dated_fields(document: Document) -> dict[str, str]:
    """As the answer object tells it."""
    known = dated(document)
    return {"dated": known.day.isoformat(), "dated_by": known.by}


def file_modified(modified: datetime) -> dict[str, str]:
    """Metadata of an upload whose file was last changed then."""
    return {FILE_MODIFIED: modified.isoformat(timespec="seconds")}


def _flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {folded(str(name)): value for name, value in metadata.items()}


def folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def day_of(value: object) -> date | None:
    """A whole date; "2019" or "March" says too little to be older or newer than anything."""
    if not isinstance(value, str):
        return None
    text = value.strip()[:_LONGEST]
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        pass
    whole = [found for found in find_dates(text) if found.year and found.month and found.day]
    if len(whole) != 1 or whole[0].swapped:
        return None
    try:
        return date(whole[0].year or 0, whole[0].month or 0, whole[0].day or 0)
    except ValueError:
        return None
