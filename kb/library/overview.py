"""The library at a glance: collections with the reader's role and the states of their documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet

from kb.library.access import AnyUser, collections_for
from kb.library.models import PENDING, RETRYABLE, Chunk, Collection, Document, Role, Status

# The states as people think of them; each filter of the table is one of these.
GROUPS = {"ready": (Status.READY,), "working": PENDING, "failed": RETRYABLE}


@dataclass
class Counts:
    """How many present documents a collection has in each group of states."""

    ready: int = 0
    working: int = 0
    failed: int = 0
    # Documents with passages that wait for a manager; they are ready too.
    held: int = 0

    @property
    def total(self) -> int:
        return self.ready + self.working + self.failed


@dataclass(frozen=True)
class Shelf:
    """A collection as a person sees it."""

    collection: Collection
    role: Role
    counts: Counts = field(default_factory=Counts)


def present_documents(collections: Iterable[Collection | int]) -> QuerySet[Document]:
    """The newest versions that are not deleted."""
    return Document.objects.filter(collection__in=collections, superseded_at=None, deleted_at=None)


def shelves_for(user: AnyUser) -> list[Shelf]:
    """Every collection that this person may read, by name; the number of queries does not grow."""
    collections = list(collections_for(user))
    counts = document_counts(collections)
    roles = _roles(user)
    return [
        Shelf(collection, roles.get(collection.pk, Role.VIEWER), counts[collection.pk])
        for collection in collections
    ]


def role_of(user: AnyUser, collection: Collection) -> Role:
    """The strongest role of a person who may read this collection."""
    return _roles(user).get(collection.pk, Role.VIEWER)


def document_counts(collections: Iterable[Collection]) -> dict[int, Counts]:
    """Counts by collection id, zeros included."""
    counts = {collection.pk: Counts() for collection in collections}
    group_of = {status: name for name, statuses in GROUPS.items() for status in statuses}
    rows = (
        present_documents(counts)
        .order_by()
        .values_list("collection_id", "status")
        .annotate(number=Count("pk"))
    )
    for collection_id, status, number in rows:
        name = group_of[Status(status)]
        row = counts[collection_id]
        setattr(row, name, getattr(row, name) + number)
    held = present_documents(counts).filter(pk__in=held_document_ids()).order_by()
    for collection_id, number in held.values_list("collection_id").annotate(number=Count("pk")):
        counts[collection_id].held = number
    return counts


def held_document_ids() -> QuerySet[Chunk, int]:
    """Ids of the documents that have passages which are kept out of prompts."""
    return Chunk.objects.filter(withheld=True).order_by().values_list("document_id", flat=True)


def _roles(user: AnyUser) -> dict[int, Role]:
    """Roles above viewer by collection id."""
    roles = dict.fromkeys(collections_for(user, Role.EDITOR).values_list("pk", flat=True), Role.EDITOR)
    roles.update(
        dict.fromkeys(collections_for(user, Role.MANAGER).values_list("pk", flat=True), Role.MANAGER)
    )
    return roles
