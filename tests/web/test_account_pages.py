"""Signing in, one's own settings, and the console."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kb.accounts.models import ApiKey, User, create_api_key, find_api_key
from kb.library.models import Collection, Status
from tests.factories import PASSWORD, make_document
from tests.web.answers import make_conversation, make_message
from tests.web.conftest import Browser

pytestmark = pytest.mark.django_db


def test_right_password_signs_in_and_goes_where_one_wanted(client: Client, teammate: User) -> None:
    response = client.post(
        "/accounts/login/", {"username": "teammate", "password": PASSWORD, "next": "/library/"}
    )
    assert (response.status_code, response["Location"]) == (302, "/library/")


def test_sign_in_does_not_lead_to_other_sites(client: Client, teammate: User) -> None:
    form = {"username": "teammate", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/accounts/login/", form)["Location"] == "/"


def test_wrong_password_and_unknown_name_get_the_same_words(client: Client, teammate: User) -> None:
    """case 21"""
    words = re.compile(r'role="alert">(.*?)</div>')
    pages = [
        client.post("/accounts/login/", {"username": name, "password": "wrong"}).content.decode()
        for name in ("teammate", "nobody-of-this-name")
    ]
    assert [words.findall(page) for page in pages] == [["The name or the password is wrong."]] * 2


def test_name_with_many_wrong_passwords_is_locked_and_told_so(client: Client, teammate: User) -> None:
    """case 21"""
    for attempt in range(10):
        client.post(
            "/accounts/login/",
            {"username": "teammate", "password": "wrong"},
            headers={"X-Forwarded-For": f"10.0.0.{attempt}"},
        )
    locked = client.post("/accounts/login/", {"username": "teammate", "password": PASSWORD})
    assert locked.status_code == 429 and "Too many attempts" in locked.content.decode()


def test_overlong_name_is_a_wrong_name(client: Client, db: None) -> None:
    answer = client.post("/accounts/login/", {"username": "x" * 1000, "password": "wrong"})
    assert answer.status_code == 200 and "The name or the password is wrong." in answer.content.decode()


def test_signing_out_needs_a_post(browser_of: Browser, teammate: User) -> None:
    browser = browser_of(teammate)
    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert browser.get("/").status_code == 302


def test_new_key_is_shown_once_and_works(browser_of: Browser, teammate: User) -> None:
    """case 22"""
    browser = browser_of(teammate)
    made = browser.post("/accounts/settings/keys/", {"name": "nightly", "scope": "write", "days": "30"})
    [key] = set(re.findall(r"kb_[\w-]{43}", made.content.decode()))
    row = find_api_key(key, timezone.now())
    assert row is not None and row.user == teammate and row.can_write
    assert row.expires_at is not None and row.expires_at < timezone.now() + timedelta(days=31)
    assert "no-store" in made["Cache-Control"]
    again = browser.get("/accounts/settings/").content.decode()
    assert "nightly" in again and key not in again


def test_key_name_can_be_used_once(browser_of: Browser, teammate: User) -> None:
    create_api_key(teammate, "nightly", can_write=False)
    response = browser_of(teammate).post(
        "/accounts/settings/keys/", {"name": "nightly", "scope": "read", "days": ""}
    )
    assert response.status_code == 400 and "Choose another" in response.content.decode()
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"scope": "admin"}, {"days": "100000"}, {"name": ""}])
def test_key_with_invented_rights_is_refused(
    browser_of: Browser, teammate: User, wrong: dict[str, str]
) -> None:
    """case 6"""
    form = {"name": "nightly", "scope": "read", "days": "30", **wrong}
    assert browser_of(teammate).post("/accounts/settings/keys/", form).status_code == 400
    assert not ApiKey.objects.exists()


def test_revoked_key_works_no_longer(browser_of: Browser, teammate: User) -> None:
    """case 7"""
    row, key = create_api_key(teammate, "nightly", can_write=True)
    browser_of(teammate).post(f"/accounts/settings/keys/{row.pk}/revoke/")
    assert find_api_key(key, timezone.now()) is None


def test_nobody_revokes_or_sees_anothers_key(browser_of: Browser, owner: User, admin: User) -> None:
    """case 1"""
    row, key = create_api_key(owner, "private-key-name", can_write=True)
    browser = browser_of(admin)
    assert browser.post(f"/accounts/settings/keys/{row.pk}/revoke/").status_code == 404
    assert find_api_key(key, timezone.now()) is not None
    assert "private-key-name" not in browser.get("/accounts/settings/").content.decode()


def test_changed_password_keeps_this_session_and_ends_the_others(browser_of: Browser, teammate: User) -> None:
    here, elsewhere = browser_of(teammate), browser_of(teammate)
    new = "seventeen green herons"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/accounts/settings/password/", form)["Location"] == "/accounts/settings/"
    assert here.get("/accounts/settings/").status_code == 200
    assert elsewhere.get("/accounts/settings/").status_code == 302


def test_wrong_old_password_changes_nothing(browser_of: Browser, teammate: User) -> None:
    form = {"old_password": "wrong", "new_password1": "x", "new_password2": "y"}
    assert browser_of(teammate).post("/accounts/settings/password/", form).status_code == 400
    teammate.refresh_from_db()
    assert teammate.check_password(PASSWORD)


def test_forms_need_the_csrf_token(teammate: User) -> None:
    """case 24"""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(teammate)
    refused = browser.post("/accounts/settings/keys/", {"name": "x", "scope": "read", "days": ""})
    assert refused.status_code == 403 and "Your session has changed" in refused.content.decode()


def test_console_exists_only_for_admins(
    browser_of: Browser, owner: User, admin: User, client: Client
) -> None:
    """case 8"""
    assert browser_of(admin).get("/console/").status_code == 200
    hidden, missing = browser_of(owner).get("/console/"), browser_of(owner).get("/nothing-here/")
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert client.get("/console/")["Location"].startswith("/accounts/login/")
    assert "/console/" not in browser_of(owner).get("/").content.decode()


def test_console_shows_failures_and_outcomes_but_no_questions(
    browser_of: Browser, collection: Collection, owner: User, admin: User
) -> None:
    make_document(collection, title="Scan", status=Status.FAILED, failure_reason="The file is empty.")
    make_message(make_conversation(owner, "My illness"), question="Am I ill?", timings_ms={"total": 1234.0})
    page = browser_of(admin).get("/console/").content.decode()
    for words in ("Scan", "The file is empty.", "owner", "Complete", "1.2 s"):
        assert words in page
    assert "Am I ill?" not in page and "My illness" not in page


def test_admins_pages_list_keys_without_their_digests(browser_of: Browser, owner: User, admin: User) -> None:
    row, _ = create_api_key(owner, "nightly", can_write=True)
    browser = browser_of(admin)
    for address in ("/console/admin/accounts/apikey/", f"/console/admin/accounts/apikey/{row.pk}/change/"):
        page = browser.get(address).content.decode()
        assert "nightly" in page and row.digest not in page
    assert browser.get("/console/admin/accounts/apikey/add/").status_code == 403
    assert browser.get("/console/admin/accounts/user/").status_code == 200
