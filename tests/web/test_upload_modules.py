"""What the browser remembers of uploads, and how they wait for the server, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from tests.web.test_browser_modules import ORIGIN, page  # noqa: F401

pytestmark = pytest.mark.browser

KEPT = """async () => {
    const { KeptUploads } = await import("/kept_uploads.js");
    localStorage.clear();
    const made = (path, size) => ({ path, file: { size, lastModified: 7 } });
    const all = [made("a.md", 1), made("b.md", 2), made("c.md", 3)];
    const first = new KeptUploads("2");
    first.wait(all);
    first.settle(all[0], true);
    window.dispatchEvent(new Event("pagehide"));

    const second = new KeptUploads("2");
    const seen = { missing: second.missing, arrived: second.arrived };
    const again = second.unsent([...all, made("a.md", 9)]).map(({ path, file }) => path + file.size);
    const other = new KeptUploads("3").missing;
    for (const item of all) second.settle(item, true);
    const afterwards = second.unsent(all).length;
    window.dispatchEvent(new Event("pagehide"));
    return { seen, again, other, afterwards, left: new KeptUploads("2").missing };
}"""
PAGE = """
<meta name="csrf-token" content="t"><div id="collection" data-collection="2"></div>
<section id="uploads" data-url="/upload/" data-most-mb="1"><p data-uploads-text></p>
<progress data-uploads-bar></progress><button data-uploads-close></button><ul data-uploads-list></ul>
</section>
<section id="interrupted" hidden><p data-interrupted-text></p><ul data-interrupted-list></ul>
<button data-interrupted-close></button></section>
<template id="upload-row"><li><span class="upload-name"></span><progress></progress>
<span class="upload-words"></span><button data-upload-again hidden></button></li></template>
"""
UPLOAD = """async (sizes) => {
    const { Uploads } = await import("/uploads.js");
    localStorage.clear();
    const files = sizes.map((size, at) => new File(["x".repeat(size)], `${at}.md`, { lastModified: 7 }));
    new Uploads().add(files.map((file) => ({ file, path: file.name })));
    const words = document.querySelector("[data-uploads-text]");
    while (!document.querySelector("[data-uploads-bar]").hidden) {
        window.seen = (window.seen ?? "") + words.textContent;
        window.dispatchEvent(new Event("online"));
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return [words.textContent, window.seen];
}"""


def test_what_did_not_arrive_is_remembered_and_what_did_is_not_sent_again(page: Page) -> None:  # noqa: F811
    told = page.evaluate(KEPT)
    assert told["seen"] == {"missing": ["b.md", "c.md"], "arrived": 1}
    assert told["again"] == ["b.md2", "c.md3", "a.md9"]
    assert told["other"] == []
    # All is through: the same file chosen later is meant to be sent.
    assert (told["afterwards"], told["left"]) == (3, [])


PACE = """async () => {
    const { duration, Pace } = await import("/pace.js");
    const pace = new Pace();
    for (const at of [0, 500, 1000, 1500]) pace.note(at);
    const early = pace.secondsFor(100, 2000);
    pace.note(2000);
    const known = pace.secondsFor(100, 2000);
    const slowing = pace.secondsFor(100, 4000);
    const none = pace.secondsFor(0, 2000);
    pace.forget();
    return [early, known, slowing, none, pace.secondsFor(100, 2000), [0.2, 59, 150, 5400].map(duration)];
}"""


def test_time_left_comes_from_the_pace_of_the_latest_uploads(page: Page) -> None:  # noqa: F811
    told = page.evaluate(PACE)
    assert told == [None, 50, 100, None, None, ["1 s", "59 s", "3 min", "1.5 h"]]


def test_uploads_wait_for_the_server_and_go_on_by_themselves(page: Page) -> None:  # noqa: F811
    tries: list[str] = []

    def serve(route: Route) -> None:
        tries.append(route.request.method)
        if len(tries) <= 3:
            route.fulfill(status=503, body="")
        else:
            route.fulfill(status=202, json={"created": True})

    page.goto(f"{ORIGIN}/")
    page.set_content(PAGE)
    page.route(f"{ORIGIN}/upload/", serve)
    done, seen = page.evaluate(UPLOAD, [10, 20, 2_000_000])
    assert done == "2 of 3 uploaded, 1 refused"
    assert "cannot be reached, trying again soon" in seen
    assert len(tries) >= 5
