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
MAX_TEXTS = 256
_MAX_TEXT_CHARS = 4000
MAX_PAIRS = 64
_KEYS = {"query", "collections", "limit", "candidates"}


@dataclass(frozen=True)
class SearchRequest:
    query: str
    collections: frozenset[int]
    limit: int
    candidates: int


def parse_encode(body: bytes) -> list[str]:
    """The texts to make vectors of. Raises InvalidInputError."""
    given = _fields(body, {"texts"})
    return _texts(given.get("texts"))


@dataclass(frozen=True)
class CosinesRequest:
    query: str
    texts: list[str]


def parse_cosines(body: bytes) -> CosinesRequest:
    """A question and the texts to compare with it. Raises InvalidInputError."""
    given = _fields(body, {"query", "texts"})
    return CosinesRequest(_text("query", given.get("query"), _MAX_QUERY_CHARS), _texts(given.get("texts")))


def parse_entails(body: bytes) -> list[tuple[str, str]]:
    """Premises, each with the sentence that may follow from it. Raises InvalidInputError."""
    value = _fields(body, {"pairs"}).get("pairs")
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PAIRS:
        raise InvalidInputError(f"pairs must be a list of 1 to {MAX_PAIRS} pairs.")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise InvalidInputError("Each of pairs must be a premise and a sentence.")
    return [
        (_text("pairs", premise, _MAX_TEXT_CHARS), _text("pairs", sentence, _MAX_TEXT_CHARS))
        for premise, sentence in value
    ]


def parse_search(body: bytes) -> SearchRequest:
    """Raises InvalidInputError, with a sentence that names the field."""
    given = _fields(body, _KEYS)
    return SearchRequest(
        query=_text("query", given.get("query"), _MAX_QUERY_CHARS),
        collections=_collections(given.get("collections")),
        limit=whole("limit", given.get("limit", _DEFAULT_LIMIT), 1, _MAX_HITS),
        candidates=whole("candidates", given.get("candidates", _DEFAULT_CANDIDATES), 1, _MAX_HITS),
    )


def _fields(body: bytes, names: set[str]) -> dict[str, Any]:
    given = json_object(body)
    unknown = sorted(given.keys() - names)
    if unknown:
        raise InvalidInputError(f"Unknown field: {', '.join(unknown)}.")
    return given


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_TEXTS:
        raise InvalidInputError(f"texts must be a list of 1 to {MAX_TEXTS} texts.")
    return [_text("texts", text, _MAX_TEXT_CHARS) for text in value]


def _text(name: str, value: Any, most_chars: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{name} must be a text that is not empty.")
    if len(value) > most_chars:
        raise InvalidInputError(f"{name} must have at most {most_chars} characters.")
    return encodable(name, value)


def _collections(value: Any) -> frozenset[int]:
    """Required, so that a forgotten filter is an error and an empty one matches nothing."""
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise InvalidInputError("collections must be a list of whole numbers.")
    return frozenset(value)
