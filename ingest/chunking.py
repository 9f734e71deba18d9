"""Documents to chunks along their structure.

The text is cut into sections by its headings, into blocks, and only where a block is too large into sentences
or lines. Pieces that belong together are joined up to the target. Nothing overlaps and nothing is left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingest.parsers.base import Block, ParsedDocument
from ingest.parsers.headings import markdown_heading, plain_heading
from ingest.sight import cut, sight_borders
from ingest.splitting import Measure, Span, pack, split_block

TARGET_TOKENS = 200
# A heading keeps what follows with it up to this factor of the target.
HARD_LIMIT = 1.2


@dataclass(frozen=True)
class ChunkSpan:
    """text[start:end], without whitespace around it.

    Attributes:
        page_start, page_end: first and last page, from 1, both inclusive; None when there are no pages.
        heading_path: the headings above it, outermost first; of several sections, those common to all.
        tokens: of the embedding model, between start and end.
    """

    start: int
    end: int
    page_start: int | None
    page_end: int | None
    heading_path: tuple[str, ...]
    tokens: int


@dataclass
class _Section:
    """A heading, the blocks up to the next heading, and the sections below it; the root has no heading."""

    level: int
    path: tuple[str, ...]
    start: int
    end: int
    heading: Block | None = None
    blocks: list[Block] = field(default_factory=list)
    children: list[_Section] = field(default_factory=list)

    def common_path(self) -> tuple[str, ...]:
        """The path of the only section below that holds text, or of this one."""
        section = self
        while not section.blocks and len(section.children) == 1:
            section = section.children[0]
        return section.path


@dataclass(frozen=True)
class _Piece:
    """A chunk in the making.

    Attributes:
        joinable: it is whole, so a small neighbour may join it.
        bare: it is nothing but a heading, which should not stand alone.
    """

    start: int
    end: int
    path: tuple[str, ...]
    joinable: bool = False
    bare: bool = False


def chunk_document(
    parsed: ParsedDocument, token_starts: Sequence[int], target_tokens: int = TARGET_TOKENS
) -> list[ChunkSpan]:
    """Cut a document into chunks, in order; every character that is not whitespace is in exactly one.

    Args:
        token_starts: the character offset in parsed.text at which each token of the embedding model starts,
            ascending, without special tokens.
        target_tokens: the size that only a chunk with a heading in front exceeds, by a fifth at most.
    """
    measure = Measure(parsed.text, token_starts, target_tokens)
    page_ends = [end for _, end in parsed.pages]
    borders = sight_borders(parsed)
    pieces = (
        replace(piece, start=start, end=end)
        for piece in _attach_bare(_plan(_sections(parsed), measure), measure)
        for start, end in cut(piece.start, piece.end, borders)
    )
    return [chunk for piece in pieces if (chunk := _chunk(piece, measure, page_ends))]


def _sections(parsed: ParsedDocument) -> _Section:
    root = _Section(0, (), 0, 0)
    open_sections = [root]
    for block in parsed.blocks:
        if block.kind == "heading":
            level = max(1, block.level)
            while open_sections[-1].level >= level:
                open_sections.pop()
            path = (*open_sections[-1].path, _heading_words(parsed, block))
            section = _Section(level, path, block.start, block.end, heading=block)
            open_sections[-1].children.append(section)
            open_sections.append(section)
        else:
            open_sections[-1].blocks.append(block)
        for section in open_sections:
            section.end = block.end
    return root


def _heading_words(parsed: ParsedDocument, block: Block) -> str:
    source = parsed.text[block.start : block.end]
    return markdown_heading(source) if parsed.format == "markdown" else plain_heading(source)


def _plan(section: _Section, measure: Measure) -> list[_Piece]:
    """The pieces of a section. As deep as headings have levels."""
    if measure.size(section.start, section.end) <= measure.target:
        bare = not section.blocks and not section.children
        return [_Piece(section.start, section.end, section.common_path(), joinable=True, bare=bare)]
    pieces = _own_pieces(section, measure)
    for child in section.children:
        pieces.extend(_plan(child, measure))
    return [replace(piece, joinable=False) for piece in _join_small(pieces, measure)]


def _own_pieces(section: _Section, measure: Measure) -> list[_Piece]:
    """The pieces of a section's heading and blocks, without the sections below it."""
    spans = list(pack(_units(section, measure), measure))
    bare = not section.blocks and len(spans) == 1
    return [_Piece(start, end, section.path, joinable=len(spans) == 1, bare=bare) for start, end in spans]


def _units(section: _Section, measure: Measure) -> list[Span]:
    """Spans that a chunk border must not cut."""
    units: list[Span] = []
    leads = False
    for block in ([section.heading] if section.heading else []) + section.blocks:
        large = measure.size(block.start, block.end) > measure.target
        spans = split_block(block, measure) if large else [(block.start, block.end)]
        if leads:
            joined = (units[-1][0], spans[0][1])
            limit = measure.target * HARD_LIMIT if block is section.blocks[0] else measure.target
            if measure.size(*joined) <= limit:
                units.pop()
                spans[0] = joined
        units.extend(spans)
        # A heading, or words like "as follows:", belongs to what comes next.
        leads = block is section.heading or _introduces(measure.text, block)
    return units


def _introduces(text: str, block: Block) -> bool:
    return text[max(block.start, block.end - 4) : block.end].rstrip("*_").endswith(":")


def _join_small(pieces: Iterable[_Piece], measure: Measure) -> list[_Piece]:
    """Join small neighbouring sections up to the target, and headings without text to what follows."""
    joined: list[_Piece] = []
    for piece in pieces:
        if joined and _belong_together(joined[-1], piece, measure):
            piece = _join(joined.pop(), piece)
        joined.append(piece)
    return joined


def _belong_together(first: _Piece, second: _Piece, measure: Measure) -> bool:
    size = measure.size(first.start, second.end)
    if first.joinable and second.joinable and size <= measure.target:
        return True
    # A heading goes before what is below it or beside it, not before the next chapter.
    parent = first.path[:-1]
    return first.bare and size <= measure.target * HARD_LIMIT and second.path[: len(parent)] == parent


def _join(first: _Piece, second: _Piece) -> _Piece:
    path = second.path
    if not first.bare or path[: len(first.path)] != first.path:
        path = _common_prefix(first.path, path)
    joinable = first.joinable and second.joinable
    return _Piece(first.start, second.end, path, joinable=joinable, bare=first.bare and second.bare)


def _common_prefix(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    while length < min(len(first), len(second)) and first[length] == second[length]:
        length += 1
    return first[:length]


def _attach_bare(pieces: Iterable[_Piece], measure: Measure) -> list[_Piece]:
    """Join a heading that nothing follows to what comes before: alone it only attracts questions."""
    attached: list[_Piece] = []
    for piece in pieces:
        if (
            piece.bare
            and attached
            and measure.size(attached[-1].start, piece.end) <= measure.target * HARD_LIMIT
        ):
            piece = replace(attached.pop(), end=piece.end)
        attached.append(piece)
    return attached


def _chunk(piece: _Piece, measure: Measure, page_ends: Sequence[int]) -> ChunkSpan | None:
    text = measure.text[piece.start : piece.end]
    start = piece.start + len(text) - len(text.lstrip())
    end = start + len(text.strip())
    if start == end:
        return None
    first, last = _page(start, page_ends), _page(end - 1, page_ends)
    return ChunkSpan(start, end, first, last, piece.path, measure.tokens(start, end))


def _page(position: int, page_ends: Sequence[int]) -> int | None:
    """The number from 1 of the page that holds a character."""
    if not page_ends:
        return None
    return min(bisect_right(page_ends, position), len(page_ends) - 1) + 1
