"""What every parser gives back, and how it says that it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from kb.exceptions import KBError

BlockKind = Literal["heading", "paragraph", "list_item", "table", "code", "quote", "html"]
TextFormat = Literal["markdown", "plain"]

MAX_TITLE_CHARS = 300

# Vertical tab, form feed, next line, line and paragraph separator all end a line for a reader. The other
# controls, NUL among them, are invisible, and PostgreSQL refuses NUL.
_LINE_ENDS = dict.fromkeys(map(ord, "\v\f\x85\u2028\u2029"), "\n")
_CONTROLS = dict.fromkeys([*range(9), *range(14, 32), 127])
_DROPPED = {**_CONTROLS, **_LINE_ENDS, ord("\ufeff"): None}
_SURROGATE = re.compile("[\ud800-\udfff]")
# Embedding, override and isolate controls turn the visible order of a title around.
_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*")


class ParseError(KBError):
    """The file gives no text.

    Args:
        code: a stable word: empty, encrypted, not_text, unreadable, unsupported, unknown_encoding,
            no_text_layer (pictures of pages, needs OCR), too_many_pages; from the sandbox also timeout,
            out_of_memory, crashed, output_too_large.
        reason: a sentence that tells a person what to do about it.
        detail: where the parser failed, for the log and not for a reader; holds no text of the file.
        pages: of no_text_layer, the numbers from 1 of the pages that text recognition may read.
    """

    http_status = 422

    def __init__(self, code: str, reason: str, detail: str = "", pages: tuple[int, ...] = ()) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.detail = detail
        self.pages = pages


@dataclass(frozen=True)
class Block:
    """A piece of structure: text[start:end], without whitespace around it.

    Attributes:
        level: 1 to 6 for a heading, the nesting from 1 for a list item, else 0.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True)
class ParsedDocument:
    r"""The text of a file and its structure; all spans are [start, end) in characters of the text.

    Attributes:
        text: as `normalise_text` leaves it: lines end in \n, no NUL and no other control but tabs.
        pages: the span of each page, in order, the first page first; empty when the format has no pages.
        blocks: in order, without overlap, covering every character that is not whitespace.
        metadata: JSON values only.
        hidden: spans of what a person who opens the file does not see, such as white words on white; in
            order.

    Raises:
        ValueError: the spans break these rules.
    """

    text: str
    format: TextFormat
    title: str | None = None
    pages: tuple[tuple[int, int], ...] = ()
    blocks: tuple[Block, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    hidden: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.text != normalise_text(self.text):
            raise ValueError("the text is not normalised")
        _check_ordered([(block.start, block.end) for block in self.blocks], len(self.text))
        _check_ordered(self.pages, len(self.text))
        _check_ordered(self.hidden, len(self.text))
        end = 0
        for block in (*self.blocks, Block("paragraph", len(self.text), len(self.text))):
            if self.text[end : block.start].strip():
                raise ValueError(f"text at {end} is in no block")
            end = block.end


class Parser(Protocol):
    """A file format. `extensions` are lower case with the dot."""

    @property
    def name(self) -> str: ...

    @property
    def extensions(self) -> tuple[str, ...]: ...

    def parse(self, path: Path) -> ParsedDocument:
        """Read the file.

        Raises:
            ParseError: the file gives no text.
        """
        ...


def normalise_text(text: str) -> str:
    r"""End lines in \n and drop what no reader sees: NUL and other controls, byte order marks, surrogates.

    Composed and decomposed characters stay as they are, so that a quotation is what the file says.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED)
    return _SURROGATE.sub("", text)


def require_text(text: str) -> None:
    """Raises ParseError when there is nothing but whitespace."""
    if not text or text.isspace():
        raise ParseError(
            "empty", "The file holds no text. Check that it was saved completely and upload it again."
        )


def clean_title(title: str | None) -> str | None:
    """One line, at most 300 characters, without controls that reorder it; None when nothing is left."""
    if not title:
        return None
    one_line = " ".join(normalise_text(title[: 4 * MAX_TITLE_CHARS]).translate(_BIDI_CONTROLS).split())
    return one_line[:MAX_TITLE_CHARS].rstrip() or None


def paragraphs(text: str, start: int = 0, end: int | None = None) -> Iterator[Block]:
    """Blocks between blank lines in text[start:end]."""
    end = len(text) if end is None else end
    position = start
    for gap in _PARAGRAPH_BREAK.finditer(text, start, end):
        yield from trimmed_block(text, "paragraph", position, gap.start())
        position = gap.end()
    yield from trimmed_block(text, "paragraph", position, end)


def trimmed_block(text: str, kind: BlockKind, start: int, end: int, level: int = 0) -> Iterator[Block]:
    """The block without surrounding whitespace, or nothing when only whitespace is there."""
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield Block(kind, start, start + len(stripped), level)


def _check_ordered(spans: list[tuple[int, int]] | tuple[tuple[int, int], ...], length: int) -> None:
    position = 0
    for start, end in spans:
        if not position <= start <= end <= length:
            raise ValueError(f"span [{start}, {end}) is out of order")
        position = end
