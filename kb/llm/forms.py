"""What a request says about the form of its answer: OpenAI's ``response_format``, llama.cpp's ``grammar``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kb.exceptions import InvalidInputError
from kb.llm.gbnf import lark_of_gbnf

MAX_SCHEMA_CHARS = 64 * 1024
# Spaces only where people put them, and few: small models like to go on with them for ever.
_SPACES = {"whitespace_pattern": r" |\n[ \t]{0,40}"}
# Which parts of a schema are schemas.
_ONE_SCHEMA = {"items", "additionalProperties"}
_LISTED_SCHEMAS = {"anyOf", "oneOf", "prefixItems"}
_NAMED_SCHEMAS = {"properties", "$defs", "definitions"}
_SAY_WHICH = {"additionalProperties", "patternProperties", "unevaluatedProperties"}


def requested_form(given: Mapping[str, Any]) -> str | None:
    """The grammar, in llguidance's notation, that the answer must follow; None where any text will do.

    Raises:
        InvalidInputError: with a sentence that says what is wrong with it. What only a compiler sees is
            found later, by `Engine.compile`.
    """
    text, form = given.get("grammar"), given.get("response_format")
    if text is None:
        return _from_format(form)
    if form not in (None, {"type": "text"}):
        raise InvalidInputError("Give grammar or response_format, not both.")
    if not isinstance(text, str):
        raise InvalidInputError("grammar must be a text in GBNF.")
    return lark_of_gbnf(text)


def form_of_schema(schema: Any) -> str:
    """The grammar of the JSON texts that the schema allows.

    Objects have no other properties than those that are named, where nothing is said of them. This cannot be
    said of schemas that are put together by ``allOf``, whose parts would exclude each other.

    Raises:
        InvalidInputError: it is no schema, or too large.
    """
    if not isinstance(schema, dict | bool):
        raise InvalidInputError("A schema must be an object.")
    try:
        text = json.dumps(schema, allow_nan=False)
        if isinstance(schema, dict):
            closed = schema if '"allOf"' in text else _closed(schema)
            text = json.dumps({**closed, "x-guidance": _SPACES})
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The schema is not JSON, or nested too deep.") from error
    if len(text) > MAX_SCHEMA_CHARS:
        raise InvalidInputError(f"The schema has {len(text)} characters; {MAX_SCHEMA_CHARS} are allowed.")
    return f"start: %json {text}"


def _from_format(form: Any) -> str | None:
    kind = form.get("type") if isinstance(form, dict) else None
    if form is None or kind == "text":
        return None
    if kind == "json_object":
        # llama.cpp's servers take a schema here, too.
        return form_of_schema(form.get("schema", {"type": "object"}))
    if kind != "json_schema":
        raise InvalidInputError("The type of response_format must be text, json_object or json_schema.")
    told = form.get("json_schema")
    if not isinstance(told, dict) or "schema" not in told:
        raise InvalidInputError("json_schema of response_format must be an object with a schema.")
    return form_of_schema(told["schema"])


def _closed(schema: Any) -> Any:
    """The schema, with no more properties than it names."""
    if not isinstance(schema, dict):
        return schema
    found = {name: _closed_part(name, value) for name, value in schema.items()}
    if "properties" in found and not _SAY_WHICH & found.keys():
        found["additionalProperties"] = False
    return found


def _closed_part(name: str, value: Any) -> Any:
    if name in _ONE_SCHEMA:
        return _closed(value)
    if name in _LISTED_SCHEMAS and isinstance(value, list):
        return [_closed(one) for one in value]
    if name in _NAMED_SCHEMAS and isinstance(value, dict):
        return {key: _closed(one) for key, one in value.items()}
    return value
