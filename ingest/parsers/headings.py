"""The plain words of a heading."""

from __future__ import annotations

import re

MAX_HEADING_CHARS = 120

_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_ATTRIBUTES = re.compile(r"\{[:#.][^{}]*\}\s*$")
_EMPHASIS = re.compile(r"\*+|~~|`+|(?<!\w)_+|_+(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CLOSING_MARKS = re.compile(r"\s#+\s*$")


def markdown_heading(source: str) -> str:
    """The words of a Markdown heading (ATX or setext), on one line of at most 120 characters."""
    source = source.strip()[: 8 * MAX_HEADING_CHARS]
    if source.startswith("#"):
        source = _CLOSING_MARKS.sub("", source.lstrip("#"))
    elif "\n" in source:
        source = source[: source.rindex("\n")]
    source = _ATTRIBUTES.sub("", source)
    source = _TAG.sub("", _LINK.sub(r"\1", source))
    return plain_heading(_ESCAPE.sub(r"\1", _EMPHASIS.sub("", source)))


def plain_heading(source: str) -> str:
    """The heading on one line of at most 120 characters, so that it can stand before many chunks."""
    words = " ".join(source[: 8 * MAX_HEADING_CHARS].split())
    if len(words) <= MAX_HEADING_CHARS:
        return words
    return words[: MAX_HEADING_CHARS - 1].rstrip() + "…"
