"""Changing the embedding model on the admins' page."""

from __future__ import annotations

import pytest
from django.test import Client

from kb.accounts.models import User
from kb.library.models import Collection
from kb.search.models import GenerationState, IndexGeneration
from tests.factories import make_document
from tests.web.conftest import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def first() -> IndexGeneration:
    return IndexGeneration.objects.create(model="built-in", model_id="one@1", dimension=4, serving=True)


def test_whole_change_on_the_page(
    browser_of: Browser, admin: User, first: IndexGeneration, collection: Collection
) -> None:
    browser = browser_of(admin)
    page = browser.post("/console/models/build/", {"model": "org/two"}, follow=True).content.decode()
    assert "org/two" in page and "Waits for a worker" in page and 'hx-trigger="every 3s"' in page
    built = IndexGeneration.objects.get(model="org/two")
    IndexGeneration.objects.filter(pk=built.pk).update(
        state=GenerationState.BUILDING, model_id="two@2", dimension=8, progress_current=3, progress_maximum=9
    )
    part = browser.get("/console/models/").content.decode()
    assert "3 of 9" in part and '<progress class="bar" max="9" value="3"' in part
    assert "Cancel" in part and "Switch when complete" in part

    assert "Cancelled" in act(browser, built, "cancel")
    assert "Resume" in act(browser, built, "cancel"), "a second time it is refused and said"
    assert "Waits for a worker" in act(browser, built, "resume")
    IndexGeneration.objects.filter(pk=built.pk).update(state=GenerationState.READY)
    assert "It serves now" in act(browser, built, "switch")
    page = browser.get("/console/").content.decode()
    assert "Switch back" in page and "KB_EMBEDDING_MODEL names built-in" in page
    assert "hx-trigger" not in browser.get("/console/models/").content.decode(), "nothing moves any more"
    assert "Being removed" in act(browser, first, "drop")


def test_switch_that_must_wait_says_so(
    browser_of: Browser, admin: User, first: IndexGeneration, collection: Collection
) -> None:
    make_document(collection)
    ready = IndexGeneration.objects.create(model="two", model_id="two@2", dimension=4)
    assert "Serves when complete" in act(browser_of(admin), ready, "switch")


def test_reason_of_a_failure_is_shown_and_escaped(
    browser_of: Browser, admin: User, first: IndexGeneration
) -> None:
    IndexGeneration.objects.create(model="<b>two</b>", state=GenerationState.FAILED, error="It is <gone>.")
    page = browser_of(admin).get("/console/").content.decode()
    assert "It is &lt;gone&gt;." in page and "<b>two" not in page and "Resume" in page


def test_empty_name_is_refused(browser_of: Browser, admin: User) -> None:
    page = browser_of(admin).post("/console/models/build/", {"model": " "}, follow=True).content.decode()
    assert "Name the model" in page
    assert not IndexGeneration.objects.exists()


@pytest.mark.parametrize("action", ["switch", "cancel", "resume", "drop", "explode"])
def test_only_admins_change_anything(
    browser_of: Browser, owner: User, admin: User, first: IndexGeneration, action: str
) -> None:
    """Case 8."""
    address = f"/console/models/{first.pk}/{action}/"
    assert browser_of(owner).post(address).status_code == 404
    assert browser_of(owner).post("/console/models/build/", {"model": "x"}).status_code == 404
    assert browser_of(owner).get("/console/models/").status_code == 404
    assert browser_of(admin).get(address).status_code == 405
    assert browser_of(admin).post(f"/console/models/987654/{action}/").status_code == 404
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    assert guarded.post(address).status_code == 403
    first.refresh_from_db()
    assert (first.serving, first.state) == (True, GenerationState.READY)


def act(browser: Client, generation: IndexGeneration, action: str) -> str:
    response = browser.post(f"/console/models/{generation.pk}/{action}/", follow=True)
    assert response.status_code == 200
    return response.content.decode()
