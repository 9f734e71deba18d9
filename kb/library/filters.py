"""Narrowing a search to documents of a sort: by label, author, owner, kind, date, review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from kb.library.likeness_models import DocumentLabel


@dataclass(frozen=True)
class SearchFilters:
    """All that is given must hold; of several labels or kinds, one.

    Attributes:
        dated_from, dated_to: inclusive; a document without a date of its own is in no such range.
        reviewed_on: leave out what had to be reviewed before this day.
    """

    labels: Sequence[str] = ()
    kinds: Sequence[str] = ()
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
        if self.author:
            found &= Q(document__author__iexact=self.author.strip())
        if self.owner:
            found &= Q(document__owner__iexact=self.owner.strip())
        if self.dated_from:
            found &= Q(document__dated__gte=self.dated_from)
        if self.dated_to:
            found &= Q(document__dated__lte=self.dated_to)
        if self.reviewed_on:
            found &= Q(document__review_by=None) | Q(document__review_by__gte=self.reviewed_on)
        return found
