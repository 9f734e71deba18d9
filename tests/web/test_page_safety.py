"""What holds for every page: no inline script or style, nothing from elsewhere, nothing kept in caches."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.test import Client

from kb.accounts.models import User
from kb.library.models import Collection
from tests.factories import make_document
from tests.web.answers import QUOTE, make_answer, make_conversation
from tests.web.conftest import Browser

pytestmark = pytest.mark.django_db

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=\"|javascript:|hx-on|hx-vals='js:", re.IGNORECASE
)
ELSEWHERE = re.compile(r"(?:src|href|action)=\"(?:https?:)?//")
TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"


@pytest.fixture
def pages(browser_of: Browser, collection: Collection, admin: User) -> dict[str, str]:
    """Every page with something on it, by its address."""
    document = make_document(collection, text=QUOTE)
    conversation = make_conversation(admin)
    message = make_answer(conversation, document)
    browser = browser_of(admin)
    addresses = [
        "/", f"/c/{conversation.pk}/", f"/c/{conversation.pk}/messages/{message.pk}/", "/conversations/",
        "/library/", f"/library/{collection.pk}/", f"/library/{collection.pk}/documents/",
        f"/library/{collection.pk}/grants/", f"/documents/{document.pk}/?start=0&end=6",
        "/console/", "/accounts/settings/", "/nothing-here/",
    ]  # fmt: skip
    found = {address: browser.get(address).content.decode() for address in addresses}
    return {**found, "/accounts/login/": Client().get("/accounts/login/").content.decode()}


def test_no_page_has_inline_script_or_style(pages: dict[str, str]) -> None:
    for address, page in pages.items():
        assert not INLINE.search(page), address


def test_no_template_has_inline_script_or_style() -> None:
    for template in TEMPLATES.rglob("*.html"):
        assert not INLINE.search(template.read_text()), template


def test_pages_load_nothing_from_elsewhere(pages: dict[str, str]) -> None:
    """case 17"""
    for address, page in pages.items():
        assert not ELSEWHERE.search(page), address


def test_policy_allows_only_this_site(browser_of: Browser, admin: User) -> None:
    policy = browser_of(admin).get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "unsafe" not in policy and "*" not in policy


def test_pages_are_not_kept_in_caches(browser_of: Browser, admin: User) -> None:
    cache = browser_of(admin).get("/")["Cache-Control"]
    assert "private" in cache and "no-cache" in cache


def test_every_template_compiles() -> None:
    for template in TEMPLATES.rglob("*.html"):
        engines["django"].get_template(str(template.relative_to(TEMPLATES)))


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="i-([\w-]+)"', (TEMPLATES / "parts" / "icons.html").read_text()))
    used = {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)"', template.read_text())
    }
    assert used <= sprite
    assert sprite <= used, "unused icons"


def test_every_imported_module_exists() -> None:
    for module in (STATIC / "js").glob("*.js"):
        for imported in re.findall(r'from "\./([\w-]+\.js)"', module.read_text()):
            assert (STATIC / "js" / imported).is_file(), f"{module.name} imports {imported}"
