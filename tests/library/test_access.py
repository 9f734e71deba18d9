"""Who may see what: the one gate."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from kb.accounts.models import User
from kb.exceptions import NotFoundError, PermissionDeniedError
from kb.library.access import (
    AnyUser,
    collection_ids_for,
    collections_for,
    documents_for,
    get_collection_for,
    get_document_for,
    searchable_chunks,
    searchable_rows,
)
from kb.library.models import Chunk, Collection, Grant, Role, Status
from kb.library.services import delete_collection, delete_document, grant
from tests.factories import make_document, make_user


def test_viewer_reads_but_may_not_write(collection: Collection, teammate: User) -> None:
    assert get_collection_for(teammate, collection.pk) == collection
    with pytest.raises(PermissionDeniedError):
        get_collection_for(teammate, collection.pk, Role.EDITOR)


def test_manager_has_every_role(collection: Collection, owner: User) -> None:
    for role in Role:
        assert get_collection_for(owner, collection.pk, role) == collection


def test_stranger_and_anonymous_see_nothing(collection: Collection, stranger: User) -> None:
    document = make_document(collection)
    for user in (stranger, AnonymousUser()):
        assert not collections_for(user).exists()
        with pytest.raises(NotFoundError):
            get_document_for(user, document.pk)


def test_admin_sees_everything(collection: Collection, admin: User) -> None:
    assert get_collection_for(admin, collection.pk, Role.MANAGER) == collection


def test_hidden_and_missing_documents_give_the_same_error(collection: Collection, stranger: User) -> None:
    """Case 1."""
    document = make_document(collection)
    errors = []
    for identity in (document.pk, document.pk + 1000):
        with pytest.raises(NotFoundError) as caught:
            get_document_for(stranger, identity, Role.EDITOR)
        errors.append((caught.value.message, caught.value.fields, caught.value.code))
    assert errors[0] == errors[1]


def test_group_grant_ends_with_membership(collection: Collection, stranger: User) -> None:
    """Case 7."""
    group = Group.objects.create(name="Finance")
    grant(collection, Role.EDITOR, group_id=group.pk)
    stranger.groups.add(group)
    assert get_collection_for(stranger, collection.pk, Role.EDITOR) == collection
    stranger.groups.remove(group)
    with pytest.raises(NotFoundError):
        get_collection_for(stranger, collection.pk)


def test_grant_for_everyone_reaches_who_can_sign_in(collection: Collection, stranger: User) -> None:
    grant(collection, Role.VIEWER)
    assert collections_for(stranger).get() == collection
    assert not collections_for(AnonymousUser()).exists()


def test_strongest_grant_counts(collection: Collection, teammate: User) -> None:
    grant(collection, Role.MANAGER)
    assert get_collection_for(teammate, collection.pk, Role.MANAGER) == collection


def test_granting_again_changes_the_role(collection: Collection, teammate: User) -> None:
    grant(collection, Role.EDITOR, user_id=teammate.pk)
    assert Grant.objects.get(collection=collection, user=teammate).role == Role.EDITOR


def test_disabled_user_has_no_access(collection: Collection, teammate: User) -> None:
    """Case 7."""
    teammate.is_active = False
    teammate.save()
    assert not collections_for(teammate).exists()


def test_only_live_ready_present_chunks_are_searchable(collection: Collection, teammate: User) -> None:
    """Case 34: whatever the index returns, the database decides."""
    ready = make_document(collection)
    parsing = make_document(collection, status=Status.PARSING)
    superseded = make_document(collection, superseded_at="2026-01-01T00:00:00Z")
    deleted = make_document(collection)
    delete_document(deleted)
    every = list(Chunk.objects.values_list("pk", flat=True))
    assert len(every) == 4
    found = {chunk.document_id for chunk in searchable_chunks(teammate, every)}
    assert found == {ready.pk}
    assert found.isdisjoint({parsing.pk, superseded.pk, deleted.pk})


def test_rows_of_a_search_are_those_that_the_gate_lets_through(
    admin: User, owner: User, teammate: User, stranger: User, collection: Collection
) -> None:
    """Cases 3 and 7: the prepared queries answer as the querysets do, for everyone and after each change."""
    fields = ("pk", "text", "heading_path", "document__collection__name")
    other = Collection.objects.create(name="Board", slug="board", created_by=owner)
    for home in (collection, other):
        make_document(home)
        make_document(home, status=Status.PARSING)
    every = list(Chunk.objects.values_list("pk", flat=True))
    team = Group.objects.create(name="Team")
    disabled = make_user("disabled", is_superuser=True, is_active=False)
    people: list[AnyUser] = [admin, owner, teammate, stranger, disabled, AnonymousUser()]

    def compare() -> list[int]:
        seen = []
        for person in people:
            for asked in (every, every[:1], [], [*every, *range(10**6, 10**6 + 20)]):
                rows = searchable_rows(person, asked, fields)
                assert sorted(rows) == sorted(searchable_chunks(person, asked).values_list(*fields))
            expected = set(collections_for(person).values_list("pk", flat=True))
            assert set(collection_ids_for(person)) == expected
            seen.append(len(searchable_rows(person, every, fields)))
        return seen

    assert compare() == [2, 1, 1, 0, 0, 0]
    grant(other, Role.VIEWER, group_id=team.pk)
    stranger.groups.add(team)
    assert compare() == [2, 1, 1, 1, 0, 0]
    Grant.objects.filter(user=teammate).delete()
    assert compare() == [2, 1, 0, 1, 0, 0]
    grant(collection, Role.VIEWER)
    assert compare() == [2, 1, 1, 2, 0, 0]


def test_old_version_stays_openable(collection: Collection, teammate: User) -> None:
    superseded = make_document(collection, superseded_at="2026-01-01T00:00:00Z")
    assert get_document_for(teammate, superseded.pk) == superseded


def test_deleting_a_document_takes_its_older_versions_along(collection: Collection, teammate: User) -> None:
    old = make_document(collection, external_id="a.md", version=1, superseded_at="2026-01-01T00:00:00Z")
    new = make_document(collection, external_id="a.md", version=2)
    delete_document(new)
    assert not documents_for(teammate).filter(pk__in=[old.pk, new.pk]).exists()


def test_deleted_collection_is_gone_and_its_name_free(collection: Collection, owner: User) -> None:
    document = make_document(collection)
    delete_collection(collection)
    assert not collections_for(owner).exists()
    document.refresh_from_db()
    assert document.status == Status.DELETED
    Collection.objects.create(name=collection.name, slug=collection.slug)
