"""Lines of Markdown: what kind of block a line opens. Only what decides where sentences may end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Block = Literal["p", "li", "h", "code", "row"]

# A line is classified by this many characters, so that a stream can decide before the line is complete.
HEAD_CHARS = 16

_RULE_CHARS = re.compile(r"[-*_=|:+ \t]*")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_HEADING = re.compile(r"#{1,6}[ \t]+(?=\S)")
_ITEM = re.compile(
    r"(?:[-*+\u2022\u2023\u25e6\u25aa\u2013]|\d{1,3}[.)]|\(?[A-Za-z]\)|\(?[ivx]{1,4}\)|\(\d{1,3}\))[ \t]+"
    # The box of what is done says nothing more; an empty one says that it is not.
    r"(?:\[[xX]\][ \t]+)?(?=\S)"
)
_QUOTED = re.compile(r"(?:>[ \t]?)+")


@dataclass(frozen=True, slots=True)
class Line:
    """What a line opens; ``skip`` characters of bullet, hashes or quote sign stand before its words."""

    block: Block
    skip: int = 0
    fence: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence of a text: ``text[start:end]`` with bullet and markers, ``text[body:body_end]`` without
    bullet.

    Attributes:
        starts_block: the first sentence of its paragraph, item, heading, row or code block.
        indent: columns before the block's first line, which tell nested items apart.
    """

    start: int
    end: int
    body: int
    body_end: int
    block: Block
    starts_block: bool
    indent: int


def line_head(text: str, at: int, final: bool) -> str | None:
    """The characters that classify the line at ``at``; None while more must come first."""
    head = text[at : at + HEAD_CHARS].partition("\n")
    if head[1] or final or len(head[0]) == HEAD_CHARS:
        return head[0]
    return None


def classify(head: str) -> Line:
    """The block that a line opens, by its head (without indentation)."""
    if fence := _FENCE.match(head):
        return Line("code", fence=fence.group(1))
    if heading := _HEADING.match(head):
        return Line("h", heading.end())
    if item := _ITEM.match(head):
        return Line("li", item.end())
    if head.startswith("|"):
        return Line("row")
    quoted = _QUOTED.match(head)
    return Line("p", quoted.end() if quoted else 0)


def rule_length(text: str, at: int, final: bool) -> int | None:
    """Length of a line without words at ``at`` (a rule, an underline, a table's separator).

    Returns:
        0 when the line has words; None while that is not yet certain.
    """
    match = _RULE_CHARS.match(text, at)
    end = match.end() if match else at
    if end == len(text):
        return end - at if final else None
    return end - at if text[end] == "\n" else 0


def fence_end(text: str, fence: str, scan: int, final: bool) -> tuple[int, int] | None:
    """Where a code block closes: (end of the code, end of the closing line), or None while it is open."""
    pattern = re.compile(rf"^[ \t]*{re.escape(fence)}{re.escape(fence[0])}*[ \t]*$", re.MULTILINE)
    match = pattern.search(text, scan)
    if match is None or (match.end() == len(text) and not final):
        return None
    return match.start(), match.end()
