"""Pairs that look alike can be dismissed by managers, and come back when one of the two changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from kb.accounts.models import User
from kb.chat.attention import attention_of
from kb.library.event_models import DocumentEvent
from kb.library.look_alikes import dismiss_pair, near_duplicates
from kb.library.models import Collection, NearDuplicate
from kb.library.services import delete_document
from tests.api.conftest import client_of  # noqa: F401
from tests.factories import browser_of, make_document

pytestmark = pytest.mark.django_db
ClientOf = Callable[..., APIClient]


@pytest.fixture
def pair(collection: Collection) -> NearDuplicate:
    first, second = make_document(collection), make_document(collection)
    return NearDuplicate.objects.create(collection=collection, first=first, second=second, likeness=0.9)


def test_dismissed_pair_is_not_reported_until_that_is_undone(
    client_of: ClientOf,  # noqa: F811
    pair: NearDuplicate,
    owner: User,
) -> None:
    api = client_of(owner)
    address = f"/api/v1/near-duplicates/{pair.pk}/"
    list_address = f"/api/v1/collections/{pair.collection_id}/attention/"
    said = api.patch(address, {"dismissed": True}, format="json").json()
    assert (said["id"], said["dismissed_by"]) == (pair.pk, owner.username)
    listed = api.get(list_address).json()
    assert listed["near_duplicates"] == []
    assert [row["id"] for row in listed["dismissed_near_duplicates"]] == [pair.pk]
    assert api.patch(address, {"dismissed": False}, format="json").json()["dismissed_at"] is None
    listed = api.get(list_address).json()
    assert [row["id"] for row in listed["near_duplicates"]] == [pair.pk]
    assert listed["dismissed_near_duplicates"] == []


def test_logs_of_both_tell_who_kept_them_once(pair: NearDuplicate, owner: User) -> None:
    dismiss_pair(pair, owner, dismissed=True)
    dismiss_pair(pair, owner, dismissed=True)
    dismiss_pair(pair, owner, dismissed=False)
    first, second = pair.first, pair.second
    rows = DocumentEvent.objects.order_by("pk").values_list("document_id", "stage", "by_id", "detail")
    assert list(rows) == [
        (first.pk, "kept_both", owner.pk, second.external_id),
        (second.pk, "kept_both", owner.pk, first.external_id),
        (first.pk, "alike", owner.pk, second.external_id),
        (second.pk, "alike", owner.pk, first.external_id),
    ]


def test_only_managers_dismiss(
    client_of: ClientOf,  # noqa: F811
    pair: NearDuplicate,
    teammate: User,
    stranger: User,
) -> None:
    address = f"/api/v1/near-duplicates/{pair.pk}/"
    assert client_of(stranger).patch(address, {"dismissed": True}, format="json").status_code == 404
    assert client_of(teammate).patch(address, {"dismissed": True}, format="json").status_code == 403
    assert near_duplicates(pair.collection).count() == 1


def test_pair_of_a_deleted_document_is_gone(
    client_of: ClientOf,  # noqa: F811
    pair: NearDuplicate,
    owner: User,
) -> None:
    delete_document(pair.second)
    reply = client_of(owner).patch(f"/api/v1/near-duplicates/{pair.pk}/", {"dismissed": True}, format="json")
    assert reply.status_code == 404


def test_page_offers_to_keep_both_and_to_report_again(pair: NearDuplicate, owner: User) -> None:
    address = f"/library/{pair.collection_id}/"
    assert b'data-dismiss="true"' in browser_of(owner).get(address).content
    dismiss_pair(pair, owner, dismissed=True)
    page = browser_of(owner).get(address).content
    assert b'data-dismiss="true"' not in page
    assert b'data-dismiss="false"' in page
    found = attention_of(pair.collection)
    assert (found.pair_count, found.dismissed_count) == (0, 1)
