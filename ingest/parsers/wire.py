"""A parsed document or an error as JSON, the only thing that comes out of a parsing process.

JSON and not pickle: the process has read a file that nobody trusts, and unpickling runs what it is given.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, get_args

from ingest.parsers.base import (
    Block,
    BlockKind,
    ParsedDocument,
    ParseError,
    TextFormat,
    clean_title,
    normalise_text,
)

MAX_CODE_CHARS = 40
MAX_REASON_CHARS = 1000
MAX_DETAIL_CHARS = 4000
_KINDS = frozenset(get_args(BlockKind))
_FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)


def dump_document(document: ParsedDocument) -> bytes:
    blocks = [[block.kind, block.start, block.end, block.level] for block in document.blocks]
    return _dump(
        {
            "text": document.text,
            "format": document.format,
            "title": document.title,
            "pages": document.pages,
            "blocks": blocks,
            "metadata": document.metadata,
            "hidden": document.hidden,
        }
    )


def dump_error(error: ParseError) -> bytes:
    fields = {"code": error.code, "reason": error.reason, "detail": error.detail, "pages": error.pages}
    return _dump({"error": fields})


def load_document(data: bytes) -> ParsedDocument:
    """Read what a parsing process sent, believing nothing.

    Raises:
        ParseError: the error that the process sent.
        ValueError: this is neither a document with sound spans nor an error.
    """
    try:
        fields = json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(fields, dict):
        raise ValueError("not an object")
    if "error" in fields:
        raise _error(fields["error"])
    text, title, metadata = fields.get("text"), fields.get("title"), fields.get("metadata")
    if not isinstance(text, str) or not isinstance(metadata, dict):
        raise ValueError("wrong type of text or metadata")
    if title is not None and not isinstance(title, str):
        raise ValueError("wrong type of title")
    blocks = tuple(_block(values) for values in _rows(fields, "blocks", 4))
    pages = tuple((_integer(start), _integer(end)) for start, end in _rows(fields, "pages", 2))
    hidden = tuple((_integer(start), _integer(end)) for start, end in _rows(fields, "hidden", 2))
    form = _format(fields.get("format"))
    return ParsedDocument(text, form, clean_title(title), pages, blocks, metadata, hidden)


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _error(fields: object) -> ParseError:
    if not isinstance(fields, dict):
        raise ValueError("wrong type of error")
    code, reason, detail = fields.get("code"), fields.get("reason"), fields.get("detail")
    if not isinstance(code, str) or not isinstance(reason, str) or not isinstance(detail, str):
        raise ValueError("wrong type of code, reason or detail")
    pages = fields.get("pages", [])
    if not isinstance(pages, list):
        raise ValueError("wrong type of pages")
    return ParseError(
        code[:MAX_CODE_CHARS],
        normalise_text(reason[:MAX_REASON_CHARS]),
        normalise_text(detail[:MAX_DETAIL_CHARS]),
        tuple(map(_integer, pages)),
    )


def _rows(fields: dict[str, Any], name: str, width: int) -> list[list[Any]]:
    rows = fields.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == width for row in rows):
        raise ValueError(f"wrong shape of {name}")
    return rows


def _block(values: list[Any]) -> Block:
    kind, start, end, level = values
    if kind not in _KINDS or not 0 <= _integer(level) <= 100:
        raise ValueError("wrong block")
    return Block(kind, _integer(start), _integer(end), level)


def _format(value: object) -> TextFormat:
    for known in _FORMATS:
        if value == known:
            return known
    raise ValueError("unknown format")


def _integer(value: object) -> int:
    if type(value) is not int:
        raise ValueError("a position is no integer")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
