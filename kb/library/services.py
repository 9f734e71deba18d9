"""Changes of collections, grants and documents. Callers have asked `access` whether the person may."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from kb.accounts.models import User
from kb.exceptions import ConflictError, InvalidInputError
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.models import Collection, Document, Grant, OtherName, Role, Status, Unproved
from kb.search import log
from kb.search.models import IndexGeneration, Operation


@transaction.atomic
def create_collection(
    owner: User,
    name: str,
    description: str = "",
    *,
    known_passages: bool = False,
    unproved: str = Unproved.SHOW,
) -> Collection:
    """A new collection whose manager is its creator.

    Raises:
        ConflictError: the name (or one that gives the same address) is taken.
        InvalidInputError: the name holds no letter or digit.
    """
    if not any(character.isalnum() for character in name):
        raise InvalidInputError("The name needs at least one letter or digit.")
    if any(unicodedata.category(character) in ("Cc", "Cf") for character in name):
        raise InvalidInputError("The name holds invisible characters.")
    # A name in letters that an address cannot show gets an address of its own.
    slug = slugify(name, allow_unicode=False) or f"collection-{secrets.token_hex(4)}"
    try:
        with transaction.atomic():
            collection = Collection.objects.create(
                name=name.strip(),
                slug=slug,
                description=description,
                created_by=owner,
                known_passages=known_passages,
                unproved=unproved,
            )
    except IntegrityError as error:
        raise ConflictError(
            f"There is already a collection called {name.strip()!r}, or one too like it."
        ) from error
    Grant.objects.create(collection=collection, user=owner, role=Role.MANAGER)
    return collection


def grant(
    collection: Collection, role: Role, *, user_id: int | None = None, group_id: int | None = None
) -> Grant:
    """Give the role to a person, a group, or (with neither) everyone; an existing grant changes its role."""
    same_subject: dict[str, Any] = {"user_id": user_id, "group_id": group_id}
    everyone = user_id is None and group_id is None
    row, _ = Grant.objects.update_or_create(
        collection=collection, everyone=everyone, **same_subject, defaults={"role": role}
    )
    return row


@transaction.atomic
def delete_document(document: Document, by: User | None = None) -> None:
    """Take the document out of every answer from this commit on; the purge removes its content later.

    Older versions of the same document go with it. Deleting twice is no error.
    """
    versions = Document.objects.filter(
        collection_id=document.collection_id, external_id=document.external_id, deleted_at=None
    )
    delete_held(hold_documents(versions), by)


@transaction.atomic
def delete_documents(document_ids: Iterable[int], by: User | None = None) -> list[int]:
    """The same for many documents of one collection; ids of those that were not deleted before."""
    wanted = Document.objects.filter(pk__in=list(document_ids), deleted_at=None)
    found = list(wanted.order_by("pk").values_list("pk", flat=True))
    same = wanted.filter(collection=OuterRef("collection"), external_id=OuterRef("external_id"))
    delete_held(hold_documents(Document.objects.filter(Exists(same), deleted_at=None)), by)
    return found


@transaction.atomic
def delete_collection(collection: Collection) -> None:
    """Hide the collection at once, with everything in it; the purge removes the content later."""
    # The slug is freed, so that a new collection may have the name again.
    Collection.objects.filter(pk=collection.pk).update(
        deleted_at=timezone.now(), slug=f"{collection.slug[:60]}-deleted-{collection.pk}"
    )
    delete_held(hold_documents(Document.objects.filter(collection=collection, deleted_at=None)))


def hold_documents(rows: QuerySet[Document]) -> list[int]:
    """Ids of the rows, which nobody else changes until the caller's transaction ends.

    Whoever changes more than one document in a transaction asks here first, so that all take them in the
    same order: otherwise two could wait for each other, and PostgreSQL would break one of them off.
    """
    return list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def delete_held(document_ids: list[int], by: User | None = None) -> None:
    """Out of every answer from the caller's commit on; the purge removes the content later.

    Args:
        document_ids: of rows that `hold_documents` gave.
    """
    record(Stage.DELETED, document_ids, by=by)
    OtherName.objects.filter(document_id__in=document_ids).delete()
    Document.objects.filter(pk__in=document_ids).update(status=Status.DELETED, deleted_at=timezone.now())
    unpublish(document_ids)


def unpublish(document_ids: list[int]) -> None:
    """Tell every index generation that these documents are gone from search, in the caller's transaction."""
    for generation in IndexGeneration.objects.all():
        log.append(generation, Operation.REMOVE, document_ids)
