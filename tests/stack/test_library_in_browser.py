"""The library as a manager works with it, in a real Chromium that must not log a single error."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack.conftest import Site, upload
from tests.stack.test_browser import browser, page  # noqa: F401

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(900)]

MANY = 120
# Enough that taking them in outlasts the page's looks, one a second, on any machine.
ARCHIVED = 2_000


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
    expect(page.locator("#filter-ready")).to_contain_text(str(MANY))
    expect(page.locator("#uploads")).to_contain_text(f"{MANY} of {MANY} uploaded")
    expect(page.locator("#live")).to_be_hidden()
    page.reload()
    expect(notice).to_be_hidden()
    streams = [url for url in looked if url.endswith("/live/")]
    assert len(streams) <= 4  # one for each time that the page was loaded


def test_archive_is_one_row_with_progress_and_makes_way_for_its_files(
    page: Page,  # noqa: F811
    own_collection: int,
    tmp_path: Path,
) -> None:
    """Case 11."""
    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as archive:
        for number in range(ARCHIVED):
            archive.writestr(f"note-{number:04}.md", f"# Note {number}\n\nBox {number * 7}.")
    page.goto(f"/library/{own_collection}/")
    page.set_input_files("#pick-files", tmp_path / "notes.zip")
    row = page.locator("tr.row[data-archive]")
    # Before its files, which are newer and more than a page has rows.
    expect(row).to_contain_text(re.compile(rf"Unpacking [\d,]+ of {ARCHIVED:,} files"), timeout=60_000)
    expect(page.locator("#filter-ready")).to_contain_text(f"{ARCHIVED:,}", timeout=300_000)
    expect(row).to_have_count(0)
    expect(page.locator("#filter-all")).to_contain_text(f"{ARCHIVED:,}")


def test_cancel_bulk_retry_and_log(page: Page, site: Site, own_collection: int, tmp_path: Path) -> None:  # noqa: F811
    with site.api() as api:
        upload(api, own_collection, "good.md", "# Good\n\nThe canteen opens at noon.")
        for number in range(3):
            upload(api, own_collection, f"bad-{number}.pdf", f"%PDF-1.7 no {number}")
    page.goto(f"/library/{own_collection}/?state=failed")
    page.click("#retry-all")
    expect(page.locator(".toast")).to_contain_text("3 documents are queued again")
    expect(page.locator("#filter-failed")).to_contain_text("3")

    page.goto(f"/library/{own_collection}/")
    page.locator("#select-all").check()
    page.click("[data-selection-reprocess]")
    expect(page.locator("#confirm-action")).to_contain_text("no answer uses it")
    page.click("[data-action-confirmed]")
    expect(page.locator("tr.row-ready")).to_have_count(1)

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


NOTE = "---\ntitle: Shelf plan\ntags: [storage, rooms]\nreview_by: 2020-01-31\n---\n\n# Shelf plan\n\n{}\n"
WORDS = " ".join(
    f"Shelf {number} stands in room {number * 7} behind door {number % 5}." for number in range(60)
)


def test_manager_sees_what_needs_a_look_and_edits_details(
    page: Page,  # noqa: F811
    site: Site,
    own_collection: int,
) -> None:
    with site.api() as api:
        upload(api, own_collection, "plan.md", NOTE.format(WORDS))
        upload(api, own_collection, "copy-of-plan.md", NOTE.format(WORDS + " Door 9 is new."))
    page.goto(f"/library/{own_collection}/")
    page.click("#alike summary")
    expect(page.locator("#alike")).to_contain_text("copy-of-plan.md")
    page.click("#due summary")
    page.locator("#due a").first.click()
    expect(page.locator(".is-due")).to_contain_text("31 Jan 2020")

    page.click("[data-opens=edit-details]")
    page.fill("#details-owner", "Facilities")
    page.fill("#details-review", "2099-01-31")
    page.click("#details-form button[type=submit]")
    expect(page.locator(".details")).to_contain_text("Owner Facilities")
    expect(page.locator(".is-due")).to_have_count(0)
    expect(page.locator(".labels .badge")).to_have_text(["storage", "rooms"])

    page.click("text=Show passages")
    expect(page.locator(".passage").nth(1)).to_contain_text("Passage 2")
    page.click("text=Hide passages")
    expect(page.locator(".passage")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_their_width(page: Page, site: Site, own_collection: int, width: int) -> None:  # noqa: F811
    with site.api() as api:
        document = upload(api, own_collection, "a/long/path/to/the/plan.md", NOTE.format(WORDS))
        upload(api, own_collection, "broken.pdf", b"%PDF-1.7 this is no PDF")
    page.set_viewport_size({"width": width, "height": 800})
    for address in (f"/library/{own_collection}/", f"/documents/{document['id']}/?passages=1"):
        page.goto(address)
        for summary in page.locator("main details:not([data-menu]) > summary:visible").all():
            summary.click()
        for box in page.locator("[data-select]").all():
            box.check()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
