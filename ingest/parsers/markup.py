"""Markdown written block by block, for formats that say what their parts are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from ingest.parsers.base import ParsedDocument, ParseError, clean_title, normalise_text
from ingest.parsers.html_visibility import frame_unseen, take_marks, without_marks
from ingest.parsers.markdown import first_heading, markdown_blocks

Rows = Sequence[Sequence[str]]

INDENT = "    "
MAX_DEPTH = 9

_BLANKS = re.compile(r"[^\S\n]+")
# What would make something else of a line than a line of a paragraph: a heading, a fence, a tag.
_OPENING = re.compile(r"(?=#{1,6}(?:\s|$)|```|~~~|<[!?/a-zA-Z])")
_RULE = re.compile(r"(?:-+|=+)$")
_BULLET = "-"


class MarkdownWriter:
    """Collects blocks in reading order; `document` turns them into a parsed document.

    Words may hold frames made by `hide`. While `all_hidden` is set, whatever is written is framed.
    """

    def __init__(self) -> None:
        self.all_hidden = False
        self._blocks: list[str] = []
        self._pages: list[int] = []
        self._items: list[str] = []
        self._depth = -1

    def heading(self, level: int, words: str) -> None:
        words = " ".join(words.split())
        if words:
            self._add(f"{'#' * max(1, min(6, level))} {self._framed(words)}")

    def paragraph(self, words: str) -> None:
        lines = [_BLANKS.sub(" ", line).strip() for line in words.split("\n")]
        lines = [_OPENING.sub(r"\\", line, count=1) if _OPENING.match(line) else line for line in lines]
        # A rule under words would make them a heading.
        lines = [line for at, line in enumerate(lines) if line and not (at and _RULE.match(line))]
        if lines:
            self._add("\n".join(map(self._framed, lines)))

    def item(self, words: str, depth: int = 0, label: str = _BULLET) -> None:
        """An item of a list, its depth from 0; a label such as "2." or "a)" stays what the file says."""
        words = " ".join(words.split())
        if not words:
            return
        # An item more than one step deeper than the one above it would be code.
        self._depth = max(0, min(depth, self._depth + 1, MAX_DEPTH))
        if label != _BULLET and not re.fullmatch(r"\d{1,9}\.", label):
            label = f"{_BULLET} {label}"
        self._items.append(f"{INDENT * self._depth}{label} {self._framed(words)}")

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """A table whose first row is its header; without rows and columns that are empty."""
        text = markdown_table([[self._framed(cell) for cell in row] for row in rows])
        if text:
            self._add(text)

    def code(self, source: str) -> None:
        source = source.strip("\n").rstrip()
        if source:
            fence = "`" * max(3, max(map(len, re.findall("`+", source)), default=0) + 1)
            self._add(f"{fence}\n{self._framed(source)}\n{fence}")

    def markdown(self, text: str) -> None:
        """Blocks that are Markdown already."""
        if text.strip():
            self._add(text.strip("\n"))

    def end_page(self) -> None:
        self._end_list()
        self._pages.append(len(self._blocks))

    def __bool__(self) -> bool:
        return bool(self._blocks or self._items)

    def document(
        self, title: str | None = None, metadata: dict[str, Any] | None = None, nothing: str = ""
    ) -> ParsedDocument:
        """What has been written.

        Args:
            title: the document's own; otherwise its first heading of level 1.
            nothing: the reason for a person when there are no words.

        Raises:
            ParseError: empty.
        """
        self._end_list()
        pieces: list[str] = []
        hidden: list[tuple[int, int]] = []
        starts: list[int] = []
        length = 0
        for block in self._blocks:
            piece, unseen = take_marks(normalise_text(block))
            starts.append(length)
            hidden.extend((start + length, end + length) for start, end in unseen)
            pieces.append(piece)
            length += len(piece) + 2
        text = "\n\n".join(pieces)
        if not any(map(str.isalnum, text)):
            raise ParseError(
                "empty", nothing or "The file holds no text. Check that it was saved completely."
            )
        blocks = markdown_blocks(text)
        title = clean_title(title) or first_heading(text, blocks)
        return ParsedDocument(
            text,
            "markdown",
            title,
            self._page_spans(starts, len(text)),
            blocks,
            metadata or {},
            tuple(hidden),
        )

    def _page_spans(self, starts: list[int], length: int) -> tuple[tuple[int, int], ...]:
        """From the first block of a page to the first of the next, so that every character is on one."""
        borders = [0, *(starts[at] if at < len(starts) else length for at in self._pages)]
        if not self._pages:
            return ()
        borders[-1] = length
        return tuple(pairwise(borders))

    def _framed(self, words: str) -> str:
        return hide(without_marks(words)) if self.all_hidden and words.strip() else words

    def _add(self, block: str) -> None:
        self._end_list()
        self._blocks.append(block)

    def _end_list(self) -> None:
        if self._items:
            self._blocks.append("\n".join(self._items))
        self._items = []
        self._depth = -1


def hide(words: str) -> str:
    """Frame words that a person who opens the file does not see."""
    return frame_unseen(words) if words.strip() else words


def markdown_table(rows: Rows) -> str:
    """A table in Markdown, or nothing when no cell holds words."""
    cleaned = [[" ".join(cell.split()).replace("|", r"\|") for cell in row] for row in rows]
    cleaned = [row for row in cleaned if any(row)]
    width = max((len(row) for row in cleaned), default=0)
    full = [row + [""] * (width - len(row)) for row in cleaned]
    kept = [column for column in range(width) if any(row[column] for row in full)]
    if not kept:
        return ""
    lines = [f"| {' | '.join(row[column] for column in kept)} |" for row in full]
    lines.insert(1, f"|{' --- |' * len(kept)}")
    return "\n".join(lines)
