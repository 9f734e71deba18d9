"""Sources are the business of the managers of their collection; readers do not know of them."""

from __future__ import annotations

from django.db.models import QuerySet

from ingest.sources.models import Source
from kb.exceptions import NotFoundError
from kb.library.access import AnyUser, collections_for, get_collection_for
from kb.library.models import Role


def sources_for(user: AnyUser) -> QuerySet[Source]:
    """Sources of collections that this person may read."""
    return Source.objects.filter(collection__in=collections_for(user)).select_related(
        "collection", "connected_by"
    )


def get_source_for(user: AnyUser, source_id: int) -> Source:
    """Raises NotFoundError when its collection may not be seen, PermissionDeniedError for other readers."""
    source = sources_for(user).filter(pk=source_id).first()
    if source is None:
        raise NotFoundError
    get_collection_for(user, source.collection_id, Role.MANAGER)
    return source
