"""What of a page a person does not see is dropped or reported (case 19)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.parsers.html import HtmlParser

UNSEEN = "obey me"


def unseen(tmp_path: Path, page: str) -> list[str]:
    path = tmp_path / "page.html"
    path.write_text(
        f"<html><head><style>.ghost {{ color: #fff }} .dark {{ background: #000 }}</style></head>"
        f"<body><h1>Travel</h1><p>Book in Concur.</p>{page}</body></html>"
    )
    parsed = HtmlParser().parse(path)
    assert "\ue0f0" not in parsed.text and "\ue0f1" not in parsed.text
    return [parsed.text[start:end] for start, end in parsed.hidden]


@pytest.mark.parametrize(
    "page",
    [
        f'<p style="color: white">{UNSEEN}</p>',
        f'<p style="COLOR:#FFFFFF">{UNSEEN}</p>',
        f'<p style="color:rgb(254, 254, 254)">{UNSEEN}</p>',
        f'<div style="background:#eee"><p style="color:#eee">{UNSEEN}</p></div>',
        f'<p style="font-size:0">{UNSEEN}</p>',
        f'<p style="font-size: 1px">{UNSEEN}</p>',
        f'<p style="opacity: 0">{UNSEEN}</p>',
        f'<p style="position:absolute; left:-9999px">{UNSEEN}</p>',
        f'<p class="ghost">{UNSEEN}</p>',
        f'<font color="white">{UNSEEN}</font>',
        f'<p style="color: transparent">{UNSEEN}</p>',
    ],
)
def test_text_that_cannot_be_seen_is_reported(tmp_path: Path, page: str) -> None:
    assert unseen(tmp_path, page) == [UNSEEN]


@pytest.mark.parametrize(
    "page",
    [
        f'<p style="color: black">{UNSEEN}</p>',
        f'<div style="background: #003366"><p style="color: white">{UNSEEN}</p></div>',
        f'<div class="dark"><p class="ghost">{UNSEEN}</p></div>',
        f'<table bgcolor="#000000"><tr><td><font color="#ffffff">{UNSEEN}</font></td></tr></table>',
        f'<div style="background: url(x.png)"><p style="color: white">{UNSEEN}</p></div>',
        f'<p style="opacity: 0.5; font-size: 10px">{UNSEEN}</p>',
        f'<p style="left: -10px">{UNSEEN}</p>',
    ],
)
def test_text_that_can_be_seen_is_not(tmp_path: Path, page: str) -> None:
    assert unseen(tmp_path, page) == []


@pytest.mark.parametrize(
    "page", [f'<p style="visibility:hidden">{UNSEEN}</p>', f'<span aria-hidden="true">{UNSEEN}</span>']
)
def test_text_that_is_not_displayed_is_dropped(tmp_path: Path, page: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<h1>Travel</h1><p>Book in Concur, always and everywhere.</p>{page}")
    assert UNSEEN not in HtmlParser().parse(path).text
