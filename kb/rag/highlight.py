"""A document rendered with the quoted words marked, wherever they stand in its Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

# Two kinds of characters that documents do not hold: ancient punctuation, which leaves emphasis beside it
# working, and private-use characters, which work inside words.
_SENTINELS = (("\U00010a50", "\U00010a51"), ("\ue0f0", "\ue0f1"))
_BLOCK_MARK = re.compile(
    r"(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])|#{1,6}(?=[ \t])|\|))*[ \t]*(?:\[[ xX]\] )?"
)
_FENCE_LINE = re.compile(r"[ \t]*(?:`{3,}|~{3,})[^\n`]*(?:\n|\Z)?")
_TAG_OR_TEXT = re.compile(r"<[^>]*>|[^<]+")


def highlight(text: str, start: int, end: int, render: Callable[[str], str]) -> str:
    """Render a document with ``text[start:end]`` marked.

    The marks are put into the text as rare characters before rendering and turned into elements after it.
    The result is used only if it is, but for the marks, exactly the rendering of the unmarked text.

    Args:
        render: Markdown to sanitised HTML.

    Returns:
        HTML in which the first marked stretch is ``<mark id="quote">`` and those in further elements are
        ``<mark>``; or, where Markdown leaves no place for a mark, the plain text in ``<pre class="plain">``
        with one exact mark.
    """
    start, end = max(0, start), min(len(text), end)
    first, last = _trim(text, start, end)
    if first < last:
        unmarked = render(text)
        for opening, closing in _SENTINELS:
            if opening in text or closing in text:
                continue
            html = render(f"{text[:first]}{opening}{text[first:last]}{closing}{text[last:]}")
            if (
                html.count(opening) == html.count(closing) == 1
                and html.replace(opening, "").replace(closing, "") == unmarked
            ):
                marked = _wrap(html, opening, closing)
                if marked is not None:
                    return marked
    return _as_plain_text(text, start, end)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Move the ends off block marks (bullets, hashes, pipes) and space, which a sentinel would break."""
    while end > start:
        line = max(start, text.rfind("\n", 0, end) + 1)
        if _FENCE_LINE.fullmatch(text, line, end):
            end = line
        elif text[end - 1].isspace() or text[end - 1] == "|":
            end -= 1
        else:
            break
    while start < end:
        line = text.rfind("\n", 0, start) + 1
        mark = _FENCE_LINE.match(text, line, end) or _BLOCK_MARK.match(text, line, end)
        moved = max(start, mark.end() if mark else start)
        while moved < end and text[moved].isspace():
            moved += 1
        if moved == start:
            break
        start = moved
    return start, end


def _wrap(html: str, opening: str, closing: str) -> str | None:
    """Turn what stands between the sentinels into marks; None when a sentinel is inside a tag."""
    pieces: list[str] = []
    inside = False
    marks = 0
    for match in _TAG_OR_TEXT.finditer(html):
        piece = match.group()
        if piece.startswith("<"):
            if opening in piece or closing in piece:
                return None
            pieces.append(piece)
            continue
        before, opened, rest = piece.partition(opening) if not inside else ("", "", piece)
        if not inside and not opened:
            pieces.append(piece)
            continue
        words, closed, after = rest.partition(closing)
        pieces.append(before)
        if words.strip():
            pieces.append(f'<mark id="quote">{words}</mark>' if not marks else f"<mark>{words}</mark>")
            marks += 1
        else:
            pieces.append(words)
        pieces.append(after)
        inside = not closed
    return "".join(pieces) if marks else None


def _as_plain_text(text: str, start: int, end: int) -> str:
    before, words, after = (escape(part) for part in (text[:start], text[start:end], text[end:]))
    return f'<pre class="plain">{before}<mark id="quote">{words}</mark>{after}</pre>'
