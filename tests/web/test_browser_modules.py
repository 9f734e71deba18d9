"""The modules of `static/js` that have a counterpart or a protocol, run in a real Chromium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, sync_playwright

pytestmark = pytest.mark.browser

ORIGIN = "http://modules.test"
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("blocks.json").read_text())
STREAM = (
    ': heartbeat\r\n\r\nid: 1\nevent: retrieval\ndata: {"passages": []}\n\n'
    'id: 2\r\nevent: delta\r\ndata: {"text":\r\ndata: "Über 25 €"}\r\n\r\n'
    ': heartbeat\n\nid:3\revent:done\rdata:{"id": "x"}\r\r'
)
EVENTS = [
    {"id": "1", "name": "retrieval", "data": {"passages": []}},
    {"id": "2", "name": "delta", "data": {"text": "Über 25 €"}},
    {"id": "3", "name": "done", "data": {"id": "x"}},
]


def serve(route: Route) -> None:
    name = route.request.url.removeprefix(ORIGIN)
    if name == "/":
        route.fulfill(content_type="text/html", body="<!doctype html><main></main>")
    else:
        module = Path(settings.BASE_DIR) / "static" / "js" / name.rpartition("/")[2]
        route.fulfill(content_type="text/javascript", body=module.read_text())


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """An empty page that can import our modules; an error in it fails the test."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path is not None, "The browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.route(f"{ORIGIN}/**", serve)
        page.goto(f"{ORIGIN}/")
        yield page
        browser.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_streamed_sentences_render_as_the_shared_cases_say(page: Page, case: dict[str, Any]) -> None:
    markup = page.evaluate(
        """async (sentences) => {
            const { BlockWriter } = await import("/blocks.js");
            const body = document.createElement("div");
            const writer = new BlockWriter(body);
            for (const sentence of sentences) writer.append(sentence);
            return body.innerHTML;
        }""",
        case["sentences"],
    )
    assert markup == case["markup"]


def test_cleared_answer_starts_a_new_block(page: Page) -> None:
    markup = page.evaluate(
        """async (sentence) => {
            const { BlockWriter } = await import("/blocks.js");
            const body = document.createElement("div");
            const writer = new BlockWriter(body);
            writer.append(sentence);
            writer.clear();
            writer.append({ ...sentence, starts_block: false });
            return body.innerHTML;
        }""",
        {"html": "<b>One.</b>", "block": "p", "starts_block": True},
    )
    assert markup == "<p><b>One.</b></p>"


def test_every_split_of_a_stream_gives_the_same_events(page: Page) -> None:
    outcomes = page.evaluate(
        """async (stream) => {
            const { EventParser } = await import("/sse.js");
            const outcomes = new Set();
            for (let first = 0; first <= stream.length; first += 1) {
                for (let second = first; second <= Math.min(first + 7, stream.length); second += 1) {
                    const events = [];
                    const parser = new EventParser((event) => events.push(event));
                    parser.feed(stream.slice(0, first));
                    parser.feed(stream.slice(first, second));
                    parser.feed(stream.slice(second));
                    outcomes.add(JSON.stringify(events));
                }
            }
            return [...outcomes];
        }""",
        STREAM + "\n",
    )
    assert [json.loads(outcome) for outcome in outcomes] == [EVENTS]


def test_draft_keeps_what_follows_the_last_complete_sentence(page: Page) -> None:
    shown = page.evaluate(
        """async () => {
            const { Draft } = await import("/draft.js");
            const element = document.createElement("p");
            const draft = new Draft(element);
            const shown = [];
            draft.add("**Leave** is 25 da");
            shown.push(element.textContent);
            draft.add("ys [1]. And <b>the");
            draft.settle();
            shown.push(element.textContent, element.children.length);
            draft.clear();
            shown.push(element.textContent);
            return shown;
        }"""
    )
    assert shown == ["Leave is 25 da", "And <b>the", 0, ""]


def test_narrowing_gives_the_filters_and_each_can_be_taken_away(page: Page) -> None:
    told = json.dumps({"labels": ["Travel", "gone"], "dated_from": "2024-01-01", "author": "Ann"})
    steps = page.evaluate(
        """async (told) => {
            document.querySelector("main").innerHTML = `
                <details id="narrow"><summary><span data-narrow-label></span></summary>
                <input type="checkbox" name="label" value="Travel" checked>
                <input type="checkbox" name="label" value="Cars">
                <input type="date" name="dated_from" value="2024-01-01"><input type="date" name="dated_to">
                </details><ul id="narrowed"></ul>`;
            document.getElementById("narrowed").dataset.told = told;
            const { Narrowing } = await import("/narrowing.js");
            const narrowing = new Narrowing();
            const seen = [narrowing.filters];
            document.querySelector('[value="Cars"]').click();
            seen.push(narrowing.filters);
            for (let at = 0; at < 4; at += 1) document.querySelector("#narrowed button").click();
            seen.push(narrowing.filters, document.activeElement.textContent);
            narrowing.clear();
            seen.push(narrowing.filters, document.querySelector("[data-narrow-label]").textContent);
            return seen;
        }""",
        told,
    )
    assert steps == [
        {"labels": ["Travel", "gone"], "dated_from": "2024-01-01", "author": "Ann"},
        {"labels": ["Travel", "Cars", "gone"], "dated_from": "2024-01-01", "author": "Ann"},
        {"author": "Ann"},
        "author Ann×",
        None,
        "Narrow",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-7300, "2 hours ago"), (-301, "5 minutes ago"), (-2, "just now")),
        *((2, "just now"), (30, "in a moment"), (301, "in 5 minutes"), (7300, "in 2 hours")),
    ],
)
def test_times_to_come_are_told_as_such(page: Page, seconds: int, words: str) -> None:
    shown = page.evaluate(
        """async (seconds) => {
            const { localiseTimes } = await import("/times.js");
            const time = document.createElement("time");
            time.dateTime = new Date(Date.now() + seconds * 1000).toISOString();
            const body = document.createElement("div");
            body.append(time);
            localiseTimes(body);
            return time.textContent;
        }""",
        seconds,
    )
    assert shown == words
