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
_KEYS = {"query", "collections", "limit", "candidates"}


@dataclass(frozen=True)
class SearchRequest:
    query: str
    collections: frozenset[int]
    limit: int
    candidates: int


def parse_search(body: bytes) -> SearchRequest:
    """Raises InvalidInputError, with a sentence that names the field."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The body must be JSON.") from error
    if not isinstance(given, dict):
        raise InvalidInputError("The body must be a JSON object.")
    unknown = sorted(given.keys() - _KEYS)
    if unknown:
        raise InvalidInputError(f"Unknown field: {', '.join(unknown)}.")
    return SearchRequest(
        query=_query(given.get("query")),
        collections=_collections(given.get("collections")),
        limit=_number("limit", given.get("limit", _DEFAULT_LIMIT)),
        candidates=_number("candidates", given.get("candidates", _DEFAULT_CANDIDATES)),
    )


def _query(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError("query must be a text that is not empty.")
    if len(value) > _MAX_QUERY_CHARS:
        raise InvalidInputError(f"query must have at most {_MAX_QUERY_CHARS} characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError("query holds half of a character pair.") from error
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
