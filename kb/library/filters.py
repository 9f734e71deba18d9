"""Narrowing a search to documents of a sort: by label, author, owner, kind, language, date, review."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.dateformat import format as formatted

from kb.library.languages import language_name
from kb.library.likeness_models import DocumentLabel
from kb.library.models import Chunk

_DATES = ("dated_from", "dated_to")
_DAY = "j M Y"


@dataclass(frozen=True)
class SearchFilters:
    """All that is given must hold; of several labels, kinds or languages, one.

    Attributes:
        dated_from, dated_to: inclusive; a document without a date of its own is in no such range.
        reviewed_on: leave out what had to be reviewed before this day.
    """

    labels: Sequence[str] = ()
    kinds: Sequence[str] = ()
    languages: Sequence[str] = ()
    author: str = ""
    owner: str = ""
    dated_from: date | None = None
    dated_to: date | None = None
    reviewed_on: date | None = None

    def condition(self) -> Q:
        """On chunks."""
        found = Q()
        if self.labels:
            names = [label.strip().casefold() for label in self.labels]
            bearing = DocumentLabel.objects.filter(name__in=names).values("document_id")
            found &= Q(document_id__in=bearing)
        if self.kinds:
            found &= Q(document__kind__in=self.kinds)
        if self.languages:
            found &= Q(document__language__in=self.languages)
        if self.author:
            found &= _names_author(self.author.strip())
        if self.owner:
            found &= Q(document__owner__iexact=self.owner.strip())
        if self.dated_from:
            found &= Q(document__dated__gte=self.dated_from)
        if self.dated_to:
            found &= Q(document__dated__lte=self.dated_to)
        if self.reviewed_on:
            found &= Q(document__review_by=None) | Q(document__review_by__gte=self.reviewed_on)
        return found

    def hold_for_all(self, chunk_ids: Collection[int]) -> bool:
        """Whether all of these chunks are of documents for which they hold."""
        wanted = set(chunk_ids)
        return Chunk.objects.filter(self.condition(), pk__in=wanted).count() == len(wanted)


def _names_author(name: str) -> Q:
    """Alone, or as one of several: "Ann Example, Bob B"."""
    found = Q(document__author__iexact=name)
    for mark in (",", ";"):
        found |= Q(document__author__istartswith=f"{name}{mark}")
        found |= Q(document__author__iendswith=f"{mark} {name}")
        found |= Q(document__author__icontains=f"{mark} {name}{mark}")
    return found


def as_told(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the API took as filters, as JSON; empty where nothing narrows."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in (fields or {}).items()
        if value
    }


def filters_of(told: Mapping[str, Any], today: date) -> SearchFilters | None:
    """The filters of what `as_told` gave; None where nothing narrows."""
    if not told:
        return None
    fields: dict[str, Any] = {name: value for name, value in told.items() if name != "current"}
    fields |= {name: date.fromisoformat(told[name]) for name in _DATES if name in told}
    return SearchFilters(reviewed_on=today if told.get("current") else None, **fields)


def filter_words(told: Mapping[str, Any]) -> str:
    """What `as_told` gave, as a person reads it: "label travel or cars, a date from 1 Jan 2024"."""
    parts = [f"label {' or '.join(told['labels'])}"] if "labels" in told else []
    parts += [f"kind {' or '.join(told['kinds'])}"] if "kinds" in told else []
    parts += [f"in {' or '.join(map(language_name, told['languages']))}"] if "languages" in told else []
    parts += [f"{name} {told[name]}" for name in ("author", "owner") if name in told]
    parts += [
        f"{words} {formatted(date.fromisoformat(told[name]), _DAY)}"
        for name, words in zip(_DATES, ("a date from", "a date until"), strict=True)
        if name in told
    ]
    parts += ["no review overdue"] if "current" in told else []
    return ", ".join(parts)
