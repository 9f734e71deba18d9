"""Fields of a JSON body, strictly checked. Every refusal names its field."""

from __future__ import annotations

import json
from typing import Any

from kb.exceptions import InvalidInputError


def json_object(body: bytes) -> dict[str, Any]:
    """Raises InvalidInputError where the body is anything else."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The body must be JSON.") from error
    if not isinstance(given, dict):
        raise InvalidInputError("The body must be a JSON object.")
    return given


def whole(name: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise InvalidInputError(f"{name} must be a whole number from {low} to {high}.")
    return value


def number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidInputError(f"{name} must be a number from {low:g} to {high:g}.")
    return float(value)


def flag(name: str, value: Any) -> bool:
    """Nothing is false."""
    if value is not None and not isinstance(value, bool):
        raise InvalidInputError(f"{name} must be true or false.")
    return bool(value)


def encodable(name: str, value: str) -> str:
    """JSON can spell half of a character pair, which no database and no tokenizer takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"{name} holds half of a character pair.") from error
    return value
