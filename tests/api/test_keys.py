"""API keys and the browser's session."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kb.accounts.models import ApiKey, User, create_api_key
from kb.library.models import Collection
from tests.factories import browser_of

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/collections/"


def status_with(key: str) -> int:
    return Client(headers={"Authorization": f"Bearer {key}"}).get(ADDRESS).status_code


def test_only_a_hash_of_the_key_is_kept(owner: User) -> None:
    row, key = create_api_key(owner, "k", can_write=False)
    assert key not in {str(value) for value in ApiKey.objects.values_list().get()}
    assert len(row.digest) == 64


def test_key_works_until_it_expires_or_is_revoked_or_its_user_disabled(owner: User) -> None:
    """Cases 7 and 22."""
    row, key = create_api_key(owner, "k", can_write=False, lifetime=timedelta(days=1))
    assert status_with(key) == 200
    for change in ({"expires_at": timezone.now()}, {"expires_at": None, "revoked_at": timezone.now()}):
        ApiKey.objects.filter(pk=row.pk).update(**change)
        assert status_with(key) == 401
    ApiKey.objects.filter(pk=row.pk).update(revoked_at=None)
    assert status_with(key) == 200
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert status_with(key) == 401


@pytest.mark.parametrize("header", ["Bearer kb_wrong", "Bearer ", "Bearer", "Basic abc", "kb_wrong"])
def test_wrong_key_is_refused_even_with_a_session(owner: User, header: str) -> None:
    browser = browser_of(owner, headers={"Authorization": header})
    answer = browser.get(ADDRESS)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_session_without_csrf_token_may_not_write(
    owner: User, collection: Collection, content_type: str
) -> None:
    """Case 24."""
    browser = browser_of(owner, enforce_csrf_checks=True)
    for address in ("/api/v1/answers/", ADDRESS, "/api/v1/search/"):
        answer = browser.post(
            address, data='{"question": "?", "query": "?", "name": "x"}', content_type=content_type
        )
        assert answer.status_code == 403
    assert browser.get(ADDRESS).status_code == 200


def test_body_fields_that_claim_rights_are_ignored(owner: User, admin: User) -> None:
    """Case 6."""
    _, key = create_api_key(admin, "k", can_write=True)
    program = Client(headers={"Authorization": f"Bearer {key}"})
    body = {
        "name": "New",
        "id": 987_654_321,
        "slug": "other",
        "created_by": owner.pk,
        "role": "manager",
        "is_staff": True,
    }
    answer = program.post(ADDRESS, body, content_type="application/json")
    assert answer.status_code == 201
    made = Collection.objects.get(pk=answer.json()["id"])
    assert (made.created_by, made.slug) == (admin, "new")
    assert made.pk != 987_654_321


def test_only_admins_create_collections(owner: User) -> None:
    _, key = create_api_key(owner, "k", can_write=True)
    program = Client(headers={"Authorization": f"Bearer {key}"})
    answer = program.post(ADDRESS, {"name": "New"}, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "permission_denied"
