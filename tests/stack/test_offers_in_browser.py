"""What is offered where nothing is answered, and what is told of sources, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.stack.conftest import Site, eventually, upload
from tests.stack.test_browser import ask, browser, finished_answer, page  # noqa: F401

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(900)]

GUIDE = "---\ntitle: Badge guide\ndate: {}\n---\n\nLost badges must be reported within {} hours.\n"
MANUAL = GUIDE.replace("guide", "manual")
UNANSWERED = "Where does the zeppelin land on Sundays?"


def choose(page: Page, collection: int) -> None:  # noqa: F811
    """Search only in this collection."""
    page.goto("/")
    page.locator("#picker summary").click()
    box = page.locator(f'#picker input[value="{collection}"]')
    for other in page.locator("#picker input:checked").all():
        other.uncheck()
    box.check()
    page.keyboard.press("Escape")


def test_sources_that_disagree_are_shown_side_by_side(page: Page, site: Site, own_collection: int) -> None:  # noqa: F811
    with site.api() as api:
        upload(api, own_collection, "old.md", GUIDE.format("2019-05-01", 48))
        upload(api, own_collection, "new.md", MANUAL.format("2025-05-01", 24))
        body = {"query": "lost badges", "collections": [own_collection]}
        eventually(lambda: len(api.post("/search/", json=body).json()["hits"]) == 2)
    choose(page, own_collection)
    ask(page, "Within how many hours must lost badges be reported?")
    streamed = finished_answer(page)
    told = page.locator(".conflicts")
    expect(told).to_contain_text("Sources disagree")
    expect(told).to_contain_text("“Badge manual” (dated 1 May 2025) says 24 hours")
    expect(told.locator(".conflict-side").filter(has_text="Newer")).to_contain_text("24 hours")
    assert "48 hours" not in streamed

    page.reload()
    assert finished_answer(page) == streamed
    told.locator("a").first.click()
    expect(page.locator("mark#quote")).to_contain_text("hours")


def test_question_goes_to_the_managers_and_their_reply_comes_back(
    page: Page,  # noqa: F811
    site: Site,
    own_collection: int,
) -> None:
    with site.api() as api:
        upload(api, own_collection, "badges.md", GUIDE.format("2025-05-01", 24))
    choose(page, own_collection)
    ask(page, UNANSWERED)
    finished_answer(page)
    offered = page.locator(".abstained")
    expect(offered.locator(".unknown-words")).to_contain_text("zeppelin")
    offered.locator("input[name=note]").fill("For the fair.")
    offered.get_by_role("button", name=re.compile("^Send")).click()
    expect(page.locator(".sent")).to_contain_text("You sent this question to the managers")
    conversation = page.url

    page.goto(f"/library/{own_collection}/")
    page.get_by_role("link", name=re.compile("Open questions")).click()
    waiting = page.locator(".open-question")
    expect(waiting).to_contain_text(UNANSWERED)
    expect(waiting).to_contain_text("For the fair.")
    waiting.locator("textarea").fill("On the roof, at noon.")
    waiting.get_by_role("button", name="Close").click()
    expect(page.locator("#settled-title")).to_be_visible()

    page.goto(conversation)
    expect(page.locator(".sent-reply")).to_have_text("On the roof, at noon.")


def test_one_click_asks_in_the_collection_that_comes_nearer(
    page: Page,  # noqa: F811
    site: Site,
    own_collection: int,
    demo: int,
) -> None:
    with site.api() as api:
        upload(api, own_collection, "badges.md", GUIDE.format("2025-05-01", 24))
    choose(page, own_collection)
    ask(page, "What is the daily allowance for a full day in Germany?")
    finished_answer(page)
    page.locator(f'[data-ask-in="{demo}"]').click()
    finished_answer(page, 1)
    expect(page.locator("article.message").nth(1)).to_have_attribute("data-state", "answered")
    expect(page.locator(f'#picker input[value="{demo}"]')).to_be_checked()
