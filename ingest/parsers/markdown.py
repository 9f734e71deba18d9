"""Markdown: the blocks of CommonMark with tables, by exact spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, table
from markdown_it.token import Token

from ingest.parsers.base import (
    Block,
    BlockKind,
    ParsedDocument,
    clean_title,
    paragraphs,
    require_text,
    trimmed_block,
)
from ingest.parsers.encoding import decode_text
from ingest.parsers.front_matter import split_front_matter
from ingest.parsers.headings import markdown_heading

# A list in a list in a list: two levels each. What is deeper is kept as paragraphs.
MAX_NESTING = 20
# Each quotation in a quotation reads all following lines of a paragraph once more.
MAX_QUOTES = 4

_LEAVES: dict[str, BlockKind] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "html_block": "html",
    "hr": "paragraph",
}


class _Leaf(NamedTuple):
    """Lines [first, last) that hold one block."""

    kind: BlockKind
    level: int
    first: int
    last: int


def _shallow_blockquote(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    quotes = state.env.get("quotes", 0)
    if quotes >= MAX_QUOTES:
        return False
    state.env["quotes"] = quotes + 1
    try:
        return blockquote(state, first, end, silent)
    finally:
        state.env["quotes"] = quotes


def _table_lines(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """A table without its cells, of which a large one has millions: only its first two lines are read."""
    if not table(state, first, min(end, first + 2), silent):
        return False
    if silent:
        return True
    endings = state.md.block.ruler.getRules("blockquote")
    line = first + 2
    while line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        if state.is_code_block(line) or any(ends(state, line, end, True) for ends in endings):
            break
        line += 1
    opening = next(token for token in reversed(state.tokens) if token.type == "table_open")
    opening.map = [first, line]
    state.line = line
    return True


def _block_reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")
    # The spans of blocks are all that is asked for: no inline markup, no link definitions, and the text is
    # normalised already.
    reader.core.ruler.enableOnly(["block"])
    reader.block.ruler.at("blockquote", _shallow_blockquote, {"alt": ["paragraph", "blockquote", "list"]})
    reader.block.ruler.at("table", _table_lines, {"alt": ["paragraph", "reference"]})
    return reader.disable("reference")


_READER = _block_reader()


class MarkdownParser:
    name = "markdown"
    extensions = (".md", ".markdown", ".mdown", ".mkd")

    def parse(self, path: Path) -> ParsedDocument:
        source = decode_text(path.read_bytes())
        require_text(source)
        metadata, text = split_front_matter(source)
        blocks = markdown_blocks(text)
        if not blocks:
            # Nothing but front matter, as of a page that only redirects: then that is what there is to find.
            text, blocks = source, tuple(paragraphs(source))
        named = metadata.get("title")
        title = clean_title(str(named)) if isinstance(named, str | int | float) else None
        return ParsedDocument(text, "markdown", title or first_heading(text, blocks), (), blocks, metadata)


def first_heading(text: str, blocks: Iterable[Block]) -> str | None:
    """The first heading of level 1, as a title."""
    for block in blocks:
        if block.kind == "heading" and block.level == 1:
            return clean_title(markdown_heading(text[block.start : block.end]))
    return None


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """Find the blocks of a Markdown text.

    A list item is a block of its own, without the lists nested in it; its level is its nesting. A heading
    inside a list or a quotation is part of that and does not divide the document.

    Args:
        text: normalised text without front matter.
    """
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    starts[-1] = len(text)
    blocks: list[Block] = []
    line = 0
    for leaf in _leaves(_READER.parse(text)):
        first = max(leaf.first, line)
        if first > line:
            # Lines of no token: link definitions, empty items, what is nested too deeply.
            blocks.extend(paragraphs(text, starts[line], starts[first]))
        line = max(leaf.last, first)
        blocks.extend(trimmed_block(text, leaf.kind, starts[first], starts[line], leaf.level))
    blocks.extend(paragraphs(text, starts[line], len(text)))
    return tuple(blocks)


def _leaves(tokens: Iterable[Token]) -> Iterator[_Leaf]:
    list_depth = quote_depth = 0
    for token in tokens:
        if token.type.endswith("_list_open") or token.type.endswith("_list_close"):
            list_depth += token.nesting
        elif token.type.startswith("blockquote_"):
            quote_depth += token.nesting
        elif token.map and token.type in _LEAVES:
            kind = _LEAVES[token.type]
            if quote_depth:
                yield _Leaf("quote", 0, *token.map)
            elif list_depth and kind in ("heading", "paragraph"):
                yield _Leaf("list_item", list_depth, *token.map)
            else:
                yield _Leaf(kind, int(token.tag[1]) if kind == "heading" else 0, *token.map)
