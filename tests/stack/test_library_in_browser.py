"""The library as a manager works with it, in a real Chromium that must not log a single error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack.conftest import Site, upload
from tests.stack.test_browser import browser, page  # noqa: F401

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(900)]

MANY = 120


def files(folder: Path, number: int) -> list[Path]:
    made = [folder / f"note-{at:04}.md" for at in range(number)]
    for at, path in enumerate(made):
        path.write_text(f"# Note {at}\n\nThe shelf of note {at} is in room {at * 7}.\n")
    return made


def test_many_files_are_shown_live_and_survive_a_reload(
    page: Page,  # noqa: F811
    own_collection: int,
    tmp_path: Path,
) -> None:
    looked: list[str] = []
    page.on("request", lambda request: looked.append(request.url))
    page.goto(f"/library/{own_collection}/")
    chosen = files(tmp_path, MANY)
    page.once("dialog", lambda dialog: dialog.accept())
    page.set_input_files("#pick-files", chosen)
    expect(page.locator("#live")).to_contain_text("under way")
    page.reload()

    notice = page.locator("#interrupted")
    expect(notice).to_contain_text("An upload was interrupted")
    page.set_input_files("#pick-files", chosen)
    expect(notice).to_be_hidden()
    expect(page.locator("#filter-ready")).to_contain_text(str(MANY), timeout=90_000)
    expect(page.locator("#uploads")).to_contain_text(f"{MANY} of {MANY} uploaded")
    expect(page.locator("#live")).to_be_hidden()
    page.reload()
    expect(notice).to_be_hidden()
    streams = [url for url in looked if url.endswith("/live/")]
    assert len(streams) <= 4  # one for each time that the page was loaded


def test_cancel_bulk_retry_and_log(page: Page, site: Site, own_collection: int, tmp_path: Path) -> None:  # noqa: F811
    with site.api() as api:
        upload(api, own_collection, "good.md", "# Good\n\nThe canteen opens at noon.")
        for number in range(3):
            upload(api, own_collection, f"bad-{number}.pdf", f"%PDF-1.7 no {number}")
    page.goto(f"/library/{own_collection}/?state=failed")
    page.click("#retry-all")
    expect(page.locator(".toast")).to_contain_text("3 documents are queued again")
    expect(page.locator("#filter-failed")).to_contain_text("3", timeout=60_000)

    page.goto(f"/library/{own_collection}/")
    page.locator("#select-all").check()
    page.click("[data-selection-reprocess]")
    expect(page.locator("#confirm-action")).to_contain_text("no answer uses it")
    page.click("[data-action-confirmed]")
    expect(page.locator("tr.row-ready")).to_have_count(1, timeout=60_000)

    page.locator("tr.row-ready a").first.click()
    page.click("#log summary")
    for words in ("Taken in by admin", "Reading began", "Queued again by admin", "Ready: 1 passage"):
        expect(page.locator("#log")).to_contain_text(words)


def test_sorting_and_kinds_keep_their_place_in_the_address(
    page: Page,  # noqa: F811
    site: Site,
    own_collection: int,
) -> None:
    with site.api() as api:
        upload(api, own_collection, "b.md", "# Beta\n\nSecond.")
        upload(api, own_collection, "a.txt", "Alpha comes first.")
    page.goto(f"/library/{own_collection}/")
    page.select_option("#sort", "path")
    expect(page).to_have_url(re.compile("sort=path"))
    expect(page.locator(".row .cell-path").first).to_contain_text("a.txt")
    page.select_option("#kind", "markdown")
    expect(page.locator(".row")).to_have_count(1)
    page.reload()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#kind")).to_have_value("markdown")
