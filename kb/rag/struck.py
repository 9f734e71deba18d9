"""What a text strikes out, as in "~~11:00~~ 12:00" or between tags of HTML: nobody states it any more."""

from __future__ import annotations

import re

# An unclosed opening ends at the next one, so that hostile text costs no more than its length.
_STRUCK = re.compile(
    r"(?<!~)~~(?=[^\s~])(?:(?!~~|\n\s*\n).)*(?<!\s)~~(?!~)"
    r"|<(del|s|strike)\b[^<>]{0,200}>(?:(?!<(?:del|s|strike)\b|\n\s*\n).)*?</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)


def struck_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where Markdown strikes words out, signs included, as [start, end); not beyond a paragraph."""
    if "~~" not in text and "</" not in text:
        return ()
    return tuple(match.span() for match in _STRUCK.finditer(text))


def without_struck(text: str) -> str:
    """The text as it holds today."""
    return cut(text, 0, len(text), struck_spans(text))


def cut(text: str, start: int, end: int, spans: tuple[tuple[int, int], ...]) -> str:
    """``text[start:end]`` without these spans, which are in order and do not overlap."""
    kept, at = [], start
    for first, last in spans:
        if first < end and start < last:
            kept.append(text[at : max(first, at)])
            at = min(last, end)
    return " ".join([*kept, text[at:end]]) if kept else text[start:end]
