"""Whether an answer may show sentences that no source proves."""

from __future__ import annotations

from collections.abc import Iterable

from kb.library.models import Collection, Unproved


def withholds_unproved(document_ids: Iterable[int]) -> bool:
    """Whether any of these documents is in a collection that leaves such sentences out."""
    strict = Collection.objects.filter(unproved=Unproved.WITHHOLD, documents__in=set(document_ids))
    return strict.exists()
