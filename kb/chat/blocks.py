"""Sentences become paragraphs, lists and headings: the same grouping as `static/js/blocks.js`.

During the stream the browser appends sentence after sentence; after a reload this module groups the stored
ones. `tests/web/blocks.json` holds cases that both must render to the same markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

# A sentence's block → the element that holds it. List items and table rows share one list while they follow
# each other; every other block is an element of its own.
_ELEMENT = {"p": "p", "h": "h4", "code": "pre", "li": "ul", "row": "rows"}
_LISTS = ("ul", "rows")


@dataclass
class Block:
    """One element of an answer: the sentences of its only part, or of each list item."""

    kind: str
    parts: list[list[str]] = field(default_factory=list)

    @property
    def items(self) -> list[SafeString]:
        """The inner markup of each part."""
        between = "\n" if self.kind == "pre" else " "
        return [format_html_join(between, "{}", ((html,) for html in part)) for part in self.parts]


def group_sentences(sentences: Iterable[Mapping[str, Any]]) -> list[Block]:
    """Group sentences with `html`, `block` and `starts_block` into the elements of the answer.

    A sentence's `html` must be a SafeString; anything else is escaped.
    """
    blocks: list[Block] = []
    for sentence in sentences:
        kind = _ELEMENT.get(sentence["block"], "p")
        if not blocks or blocks[-1].kind != kind or (sentence["starts_block"] and kind not in _LISTS):
            blocks.append(Block(kind, [[]]))
        elif sentence["starts_block"]:
            blocks[-1].parts.append([])
        blocks[-1].parts[-1].append(sentence["html"])
    return blocks
