"""What may be asked of the search server, strictly checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kb.exceptions import InvalidInputError

MAX_BODY_BYTES = 1024 * 1024
_MAX_QUERY_CHARS = 100_000
_MAX_HITS = 100_000
_DEFAULT_LIMIT = 10
_DEFAULT_CANDIDATES = 100
MAX_TEXTS = 256
_MAX_TEXT_CHARS = 4000
_KEYS = {"query", "collections", "limit", "candidates"}


@dataclass(frozen=True)
class SearchRequest:
    query: str
    collections: frozenset[int]
    limit: int
    candidates: int


def parse_encode(body: bytes) -> list[str]:
    """The texts to make vectors of. Raises InvalidInputError."""
    given = _json_object(body, {"texts"})
    texts = given.get("texts")
    if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidInputError(f"texts must be a list of 1 to {MAX_TEXTS} texts.")
    return [_text("texts", text, _MAX_TEXT_CHARS) for text in texts]


def parse_search(body: bytes) -> SearchRequest:
    """Raises InvalidInputError, with a sentence that names the field."""
    given = _json_object(body, _KEYS)
    return SearchRequest(
        query=_text("query", given.get("query"), _MAX_QUERY_CHARS),
        collections=_collections(given.get("collections")),
        limit=_number("limit", given.get("limit", _DEFAULT_LIMIT)),
        candidates=_number("candidates", given.get("candidates", _DEFAULT_CANDIDATES)),
    )


def _json_object(body: bytes, keys: set[str]) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The body must be JSON.") from error
    if not isinstance(given, dict):
        raise InvalidInputError("The body must be a JSON object.")
    unknown = sorted(given.keys() - keys)
    if unknown:
        raise InvalidInputError(f"Unknown field: {', '.join(unknown)}.")
    return given


def _text(name: str, value: Any, most_chars: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{name} must be a text that is not empty.")
    if len(value) > most_chars:
        raise InvalidInputError(f"{name} must have at most {most_chars} characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"{name} holds half of a character pair.") from error
    return value


def _collections(value: Any) -> frozenset[int]:
    """Required, so that a forgotten filter is an error and an empty one matches nothing."""
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise InvalidInputError("collections must be a list of whole numbers.")
    return frozenset(value)


def _number(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= _MAX_HITS:
        raise InvalidInputError(f"{name} must be a whole number from 1 to {_MAX_HITS}.")
    return value
