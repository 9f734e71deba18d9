"""The grouping of stored sentences; `test_browser_modules.py` holds the browser's to the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kb.chat.blocks import group_sentences

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("blocks.json").read_text())


def rendered(sentences: list[dict[str, Any]]) -> str:
    return render_to_string("chat/blocks.html", {"blocks": group_sentences(sentences)}).strip()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_stored_sentences_render_as_the_shared_cases_say(case: dict[str, Any]) -> None:
    safe = [{**sentence, "html": SafeString(sentence["html"])} for sentence in case["sentences"]]
    assert rendered(safe) == case["markup"]


def test_html_that_nobody_declared_safe_is_escaped() -> None:
    """case 18"""
    sentence = {"html": "<script>alert(1)</script>", "block": "p", "starts_block": True}
    assert rendered([sentence]) == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
