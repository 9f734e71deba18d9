"""JSON objects of a schema as rules of a grammar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kb.exceptions import InvalidInputError
from kb.llm.grammar.literals import json_literal

_COMMA = '"," ws'
_COLON = '":" " "?'


class Converter(Protocol):
    def expression(self, schema: Any, depth: int) -> str: ...

    def add(self, rule: str) -> str: ...


def expression(given: Mapping[str, Any], converter: Converter, depth: int) -> str:
    """An object with its properties in the order in which the schema names them.

    Made from the end: for each property a rule for what comes from there on, and another for when it is the
    first that is there, which has no comma before it. So that the rules are as many as the properties,
    whichever of them may be missing.
    """
    properties, required = _properties(given), _required(given)
    others = given.get("additionalProperties", not properties)
    behind, first = _others(others, converter, depth)
    for name in reversed(list(properties)):
        value = converter.expression(properties[name], depth + 1)
        member = converter.add(f"{json_literal(name)} {_COLON} {value}")
        if name in required:
            first = converter.add(f"{member} {behind}")
            behind = converter.add(f"{_COMMA} {member} {behind}")
        else:
            first = converter.add(f"{member} {behind} | {first}")
            behind = converter.add(f"( {_COMMA} {member} )? {behind}")
    return converter.add(f'"{{" ws {first} ws "}}"')


def _others(others: Any, converter: Converter, depth: int) -> tuple[str, str]:
    """Properties without a name, behind others and by themselves."""
    if others is False:
        return '""', '""'
    value = "value" if others is True else converter.expression(others, depth + 1)
    member = converter.add(f"string {_COLON} {value}")
    behind = converter.add(f"( {_COMMA} {member} )*")
    return behind, converter.add(f"( {member} {behind} )?")


def _properties(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = given.get("properties", {})
    if not isinstance(found, dict):
        raise InvalidInputError("properties in a schema must be an object.")
    return found


def _required(given: Mapping[str, Any]) -> set[str]:
    found = given.get("required", [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InvalidInputError("required in a schema must be a list of names.")
    if missing := set(found) - _properties(given).keys():
        raise InvalidInputError(f"required in a schema names {min(missing)[:100]}, which is no property.")
    return set(found)
