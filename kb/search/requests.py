"""What may be asked of the search server, strictly checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kb.exceptions import InvalidInputError
from kb.json_fields import encodable, json_object, whole

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
    given = json_object(body)
    unknown = sorted(given.keys() - _KEYS)
    if unknown:
        raise InvalidInputError(f"Unknown field: {', '.join(unknown)}.")
    return SearchRequest(
        query=_query(given.get("query")),
        collections=_collections(given.get("collections")),
        limit=whole("limit", given.get("limit", _DEFAULT_LIMIT), 1, _MAX_HITS),
        candidates=whole("candidates", given.get("candidates", _DEFAULT_CANDIDATES), 1, _MAX_HITS),
    )


def _query(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError("query must be a text that is not empty.")
    if len(value) > _MAX_QUERY_CHARS:
        raise InvalidInputError(f"query must have at most {_MAX_QUERY_CHARS} characters.")
    return encodable("query", value)


def _collections(value: Any) -> frozenset[int]:
    """Required, so that a forgotten filter is an error and an empty one matches nothing."""
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise InvalidInputError("collections must be a list of whole numbers.")
    return frozenset(value)
