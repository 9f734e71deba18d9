"""Documents that look alike: which pairs are reported, and those of which a manager said that both are meant.

What was said holds until one of the two changes: the next version of a document is another row.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from kb.accounts.models import User
from kb.exceptions import NotFoundError
from kb.library.access import AnyUser, documents_for, get_collection_for
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.likeness_models import NearDuplicate
from kb.library.models import Collection, Role


def near_duplicates(collection: Collection, *, dismissed: bool = False) -> QuerySet[NearDuplicate]:
    """Pairs of which both are searched now, the most alike first.

    Args:
        dismissed: those that a manager dismissed, instead of those that are reported.
    """
    there = {f"{side}__superseded_at": None for side in ("first", "second")}
    there |= {f"{side}__deleted_at": None for side in ("first", "second")}
    rows = NearDuplicate.objects.filter(collection=collection, dismissed_at__isnull=not dismissed, **there)
    return rows.select_related("first", "second", "dismissed_by")


def get_pair_for(user: AnyUser, pair_id: int) -> NearDuplicate:
    """A pair of a collection that this person manages.

    Raises:
        NotFoundError: there is none, or one of the two may not be seen.
        PermissionDeniedError: only the role is missing.
    """
    seen = documents_for(user)
    pair = NearDuplicate.objects.filter(pk=pair_id, first__in=seen, second__in=seen).first()
    if pair is None:
        raise NotFoundError
    get_collection_for(user, pair.collection_id, Role.MANAGER)
    return pair


@transaction.atomic
def dismiss_pair(pair: NearDuplicate, by: User, *, dismissed: bool) -> NearDuplicate:
    """Say that both are meant to be there, or take that back; the caller has asked `get_pair_for`.

    Repeating it changes nothing. Both documents' logs tell who said it, and of which other.
    """
    changed = NearDuplicate.objects.filter(pk=pair.pk, dismissed_at__isnull=dismissed).update(
        dismissed_at=timezone.now() if dismissed else None, dismissed_by=by if dismissed else None
    )
    pair = NearDuplicate.objects.select_related("first", "second", "dismissed_by").get(pk=pair.pk)
    if changed:
        stage = Stage.KEPT_BOTH if dismissed else Stage.ALIKE
        for document, other in ((pair.first, pair.second), (pair.second, pair.first)):
            record(stage, [document.pk], by=by, detail=other.external_id)
    return pair
