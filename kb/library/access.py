"""The one gate: every question of who may see or change what is answered here.

Admins (superusers) see and manage everything. Everyone else has what grants give them, personally, through
a group, or as part of everyone; the strongest counts. What a person may not see does not exist for them:
they get the same NotFoundError as for an id that was never given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from kb.accounts.models import User
from kb.conf import config
from kb.exceptions import NotFoundError, PermissionDeniedError
from kb.library.models import Chunk, Collection, Document, Grant, Role, Status
from kb.prepared import PreparedRows, Row

AnyUser = User | AnonymousUser
_AT_LEAST = {
    Role.VIEWER: (Role.VIEWER, Role.EDITOR, Role.MANAGER),
    Role.EDITOR: (Role.EDITOR, Role.MANAGER),
    Role.MANAGER: (Role.MANAGER,),
}


def collections_for(user: AnyUser, role: Role = Role.VIEWER) -> QuerySet[Collection]:
    """Collections in which this person has at least this role now."""
    live = Collection.objects.filter(deleted_at=None)
    if not isinstance(user, User) or not user.is_active:
        return live.none()
    if user.is_superuser:
        return live
    granted = Grant.objects.filter(
        Q(user=user) | Q(everyone=True) | Q(group__user=user), role__in=_AT_LEAST[role]
    )
    return live.filter(pk__in=granted.values("collection_id"))


def collection_ids_for(user: AnyUser) -> list[int]:
    """Ids of the collections that this person may read now."""
    if not isinstance(user, User) or not user.is_active:
        return []
    return [pk for (pk,) in _collection_ids(user.is_superuser).rows(*_whose(user))]


def get_collection_for(user: AnyUser, collection_id: int, role: Role = Role.VIEWER) -> Collection:
    """Raises NotFoundError when it may not be seen, PermissionDeniedError when only the role is missing."""
    visible = collections_for(user).filter(pk=collection_id).first()
    if visible is None:
        raise NotFoundError
    if role != Role.VIEWER and not collections_for(user, role).filter(pk=collection_id).exists():
        raise PermissionDeniedError(f"This needs the role {role.value} in the collection.")
    return visible


def documents_for(user: AnyUser) -> QuerySet[Document]:
    """Documents that this person may open now, old versions included, deleted ones not."""
    return Document.objects.filter(collection__in=collections_for(user), deleted_at=None).select_related(
        "collection"
    )


def get_document_for(user: AnyUser, document_id: int, role: Role = Role.VIEWER) -> Document:
    """Raises NotFoundError or PermissionDeniedError, as `get_collection_for` does."""
    document = documents_for(user).filter(pk=document_id).first()
    if document is None:
        raise NotFoundError
    if role != Role.VIEWER:
        get_collection_for(user, document.collection_id, role)
    return document


def get_chunk_for(user: AnyUser, chunk_id: int, role: Role = Role.VIEWER) -> Chunk:
    """A chunk of a document that this person may open; raises as `get_document_for` does."""
    chunk = (
        Chunk.objects.filter(pk=chunk_id, document__in=documents_for(user))
        .select_related("document__collection")
        .first()
    )
    if chunk is None:
        raise NotFoundError
    get_document_for(user, chunk.document_id, role)
    return chunk


def searchable_chunks(user: AnyUser, chunk_ids: list[int], *, for_prompt: bool = False) -> QuerySet[Chunk]:
    """Of these chunks, the live ones of ready, present documents that this person may read now.

    The database has the last word: whatever an index returned passes through here.

    Args:
        for_prompt: leave out those that are withheld from the model.
    """
    shown = Q(withheld=False) if for_prompt and config.withhold_flagged else Q()
    return Chunk.objects.filter(
        shown,
        pk__in=chunk_ids,
        document__status=Status.READY,
        document__superseded_at=None,
        document__deleted_at=None,
        document__collection__in=collections_for(user),
    ).select_related("document__collection")


def searchable_rows(
    user: AnyUser, chunk_ids: Sequence[int], fields: tuple[str, ...], *, for_prompt: bool = False
) -> list[Row]:
    """These fields of the chunks that `searchable_chunks` gives."""
    if not chunk_ids or not isinstance(user, User) or not user.is_active:
        return []
    places = 1 << (len(chunk_ids) - 1).bit_length()
    filled = [*chunk_ids, *[chunk_ids[-1]] * (places - len(chunk_ids))]
    return _searchable_rows(user.is_superuser, places, fields, for_prompt).rows(*_whose(user), *filled)


def _whose(user: User) -> list[int]:
    """What the queries for this person depend on, besides being a superuser."""
    return [] if user.is_superuser else [user.pk]


@cache
def _collection_ids(is_superuser: bool) -> PreparedRows:
    # Marks are negative, as no id is.
    asking = User(pk=-1, is_superuser=is_superuser)
    return PreparedRows(lambda: collections_for(asking).order_by().values_list("pk"), _whose(asking))


@cache
def _searchable_rows(
    is_superuser: bool, places: int, fields: tuple[str, ...], for_prompt: bool
) -> PreparedRows:
    asking = User(pk=-1, is_superuser=is_superuser)
    chunk_ids = list(range(-2, -2 - places, -1))
    return PreparedRows(
        lambda: searchable_chunks(asking, chunk_ids, for_prompt=for_prompt).order_by().values_list(*fields),
        [*_whose(asking), *chunk_ids],
    )
