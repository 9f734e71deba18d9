"""The markup of one sentence."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from kb.chat.sentence_html import sentence_html

CITATIONS = [
    {"n": 1, "url": "/documents/7/?chunk=3&start=1&end=9#quote"},
    {"n": 2, "url": "/documents/8/?chunk=4&start=2&end=5#quote"},
]


class Elements(HTMLParser):
    """Collects the names of a text's elements."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


def sentence(text: str = "Leave is 25 days.", **fields: Any) -> dict[str, Any]:
    defaults = {"block": "p", "starts_block": True, "supported": True, "quoted": False, "citations": [1]}
    return {"text": text, **defaults, **fields}


def test_supported_sentence_links_its_citations_in_order() -> None:
    html = sentence_html(sentence(citations=[2, 1]), CITATIONS)
    assert html.startswith('<span class="sentence supported">Leave is 25 days.<a class="cite"')
    assert html.index('data-cite="2"') < html.index('data-cite="1"')
    assert 'href="/documents/7/?chunk=3&amp;start=1&amp;end=9#quote"' in html


def test_citation_number_is_named_for_screen_readers() -> None:
    assert '<span class="visually-hidden">Source </span>1</a>' in sentence_html(sentence(), CITATIONS)


def test_citation_without_a_source_is_left_out() -> None:
    """case 20"""
    assert "data-cite" not in sentence_html(sentence(citations=[9]), CITATIONS)


def test_unsupported_sentence_says_so_to_eyes_and_ears_and_cites_nothing() -> None:
    html = sentence_html(sentence(supported=False), CITATIONS)
    assert 'class="sentence unsupported" title="Not found in the sources"' in html
    assert '<span class="visually-hidden"> (not found in the sources)</span>' in html
    assert "data-cite" not in html


def test_quoted_sentence_is_marked_as_the_sources_own_words() -> None:
    assert 'class="sentence supported quoted"' in sentence_html(sentence(quoted=True), CITATIONS)


def test_code_is_shown_as_it_is() -> None:
    html = sentence_html(sentence("a = **b** < c\n  d", block="code", citations=[]), [])
    assert html == '<span class="sentence supported">a = **b** &lt; c\n  d</span>'


@pytest.mark.parametrize("block", ["p", "li", "h", "row", "code"])
@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[click](javascript:alert(1))",
        "![pixel](https://evil.example/p.png)",
        '"><svg onload=alert(1)>',
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    ],
)
def test_what_the_model_writes_never_becomes_active(payload: str, block: str) -> None:
    """cases 17 and 18"""
    elements = Elements()
    elements.feed(sentence_html(sentence(payload, block=block, citations=[]), []))
    assert elements.found <= {"span", "strong", "em", "code", "del"}


def test_address_of_a_citation_cannot_leave_its_attribute() -> None:
    html = sentence_html(sentence(), [{"n": 1, "url": '/x/"><script>alert(1)</script>'}])
    assert "<script" not in html
