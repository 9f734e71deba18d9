"""JSON schemas as grammars: OpenAI's structured output."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kb.exceptions import InvalidInputError
from kb.llm.grammar import objects
from kb.llm.grammar.literals import json_literal

MAX_SCHEMA_CHARS = 64 * 1024
_MAX_DEPTH = 40
_MAX_PARTS = 2000
_MOST_ITEMS = 10_000
# They tell people something, or name parts of the schema that are found by reference.
_SAY_NOTHING = {
    "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
    "example", "deprecated", "readOnly", "writeOnly",
}  # fmt: skip
_BY_TYPE: Mapping[str, set[str]] = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "string": {"minLength", "maxLength", "format"},
    "number": set(),
    "integer": set(),
    "boolean": set(),
    "null": set(),
}
_FORMATS = {"date", "time", "date-time", "uuid"}
# Spaces only where people put them, and few: small models like to go on with them for ever.
_BASICS = r"""
ws ::= | " " | "\n" [ \t]{0,40}
value ::= object | array | string | number | boolean | null
object ::= "{" ws ( member ( "," ws member )* ws )? "}"
member ::= string ":" " "? value
array ::= "[" ws ( value ( "," ws value )* ws )? "]"
string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1F\x7F\uD800-\uDFFF] | "\\" ( ["\\/bfnrt] | "u" unit )
unit ::= ( [0-9a-cefA-CEF] hex | [dD] [0-7] ) hex hex | [dD] [89abAB] hex hex "\\u" [dD] [c-fC-F] hex hex
hex ::= [0-9a-fA-F]
integer ::= "-"? ( "0" | [1-9] [0-9]{0,15} )
number ::= integer ( "." [0-9]{1,16} )? ( [eE] [-+]? [0-9]{1,2} )?
boolean ::= "true" | "false"
null ::= "null"
date ::= [0-9]{4} "-" ( "0" [1-9] | "1" [0-2] ) "-" ( "0" [1-9] | [12] [0-9] | "3" [01] )
time ::= hour ":" [0-5] [0-9] ":" [0-5] [0-9] ( "." [0-9]{1,6} )? ( "Z" | [+-] hour ":" [0-5] [0-9] )
hour ::= [01] [0-9] | "2" [0-3]
date-time ::= date "T" time
uuid ::= hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}
"""

ANY_OBJECT = f"root ::= object\n{_BASICS}"


def grammar_of_schema(schema: Any) -> str:
    """GBNF of the JSON texts that the schema allows.

    Objects have their properties in the order of the schema, and no others where nothing is said of them.

    Raises:
        InvalidInputError: the schema is too large, or asks for something that cannot be held.
    """
    try:
        size = len(json.dumps(schema, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The schema is not JSON, or nested too deep.") from error
    if size > MAX_SCHEMA_CHARS:
        raise InvalidInputError(f"The schema has {size} characters; {MAX_SCHEMA_CHARS} are allowed.")
    made = _Converter(schema)
    return f"root ::= {made.expression(schema, 0)}\n{made.rules_text()}\n{_BASICS}"


class _Converter:
    """Makes a rule for every part that needs one."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._rules: list[str] = []
        self._referred: dict[str, str] = {}
        self._parts = 0

    def rules_text(self) -> str:
        return "\n".join(self._rules)

    def expression(self, schema: Any, depth: int) -> str:
        """What the schema allows, as one item of a sequence."""
        self._parts += 1
        if self._parts > _MAX_PARTS or depth > _MAX_DEPTH:
            raise InvalidInputError(
                f"The schema has more than {_MAX_PARTS} parts, or is nested more than {_MAX_DEPTH} deep."
            )
        if schema is True:
            return "value"
        if not isinstance(schema, dict):
            raise InvalidInputError("Each part of the schema must be an object.")
        given = {name: value for name, value in schema.items() if name not in _SAY_NOTHING}
        for name, convert in self._special().items():
            if name in given:
                _refuse_others(given, {name, "type"} if name in ("enum", "const") else {name})
                return convert(given[name], depth)
        return self._typed(given, depth)

    def add(self, rule: str) -> str:
        """A new rule's name."""
        name = f"part-{len(self._rules)}"
        self._rules.append(f"{name} ::= {rule}")
        return name

    def _special(self) -> Mapping[str, Callable[[Any, int], str]]:
        """What says everything by itself."""
        return {
            "$ref": self._reference,
            "anyOf": self._any_of,
            "oneOf": self._any_of,
            "allOf": self._all_of,
            "const": lambda value, depth: self._enum([value], depth),
            "enum": self._enum,
        }

    def _typed(self, given: Mapping[str, Any], depth: int) -> str:
        kind = given.get("type")
        if isinstance(kind, list):
            rest = {name: value for name, value in given.items() if name != "type"}
            told = [_of_type(rest, one) for one in kind]
            if rest.keys() - {name for part in told for name in part}:
                _refuse_others(rest, set())
            return self._any_of(told, depth)
        if kind is None:
            if not given:
                return "value"
            _refuse_others(given, set().union(*_BY_TYPE.values()))
            kind = next(one for one, names in _BY_TYPE.items() if names & given.keys())
        if not isinstance(kind, str) or kind not in _BY_TYPE:
            raise InvalidInputError("type in a schema must be one of " + ", ".join(_BY_TYPE) + ".")
        _refuse_others(given, _BY_TYPE[kind] | {"type"})
        if kind == "object" and len(given) > 1:
            return objects.expression(given, self, depth)
        if kind == "array" and len(given) > 1:
            return self._array(given, depth)
        return _string(given) if kind == "string" else kind

    def _reference(self, value: Any, depth: int) -> str:
        """Each part that is referred to is a rule, so that it may refer to itself."""
        if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
            raise InvalidInputError("$ref must begin with #: only parts of the schema itself can be used.")
        if value not in self._referred:
            name = self._referred[value] = f"ref-{len(self._referred)}"
            self._rules.append(f"{name} ::= {self.expression(self._found(value), depth + 1)}")
        return self._referred[value]

    def _found(self, reference: str) -> Any:
        found = self._schema
        for name in reference.split("/")[1:]:
            name = name.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise InvalidInputError("A $ref of the schema leads nowhere.")
            found = found[name]
        return found

    def _any_of(self, value: Any, depth: int) -> str:
        return "( " + " | ".join(self.expression(one, depth + 1) for one in _listed(value)) + " )"

    def _all_of(self, value: Any, depth: int) -> str:
        """Of one part; what several have in common is no question for a grammar."""
        parts = _listed(value)
        if len(parts) > 1:
            raise InvalidInputError("allOf with more than one part is not supported in a schema.")
        return self.expression(parts[0], depth + 1)

    def _enum(self, value: Any, depth: int) -> str:
        return "( " + " | ".join(json_literal(one) for one in _listed(value)) + " )"

    def _array(self, given: Mapping[str, Any], depth: int) -> str:
        first = [self.expression(one, depth + 1) for one in given.get("prefixItems") or []]
        least, most = _bounds(given, "minItems", "maxItems")
        items = given.get("items", not first)
        if (most is not None and most < len(first)) or (items is False and least > len(first)):
            raise InvalidInputError("minItems and maxItems of a schema do not agree with prefixItems.")
        left = None if most is None else most - len(first)
        item = "" if items is False else self.add(self.expression(items, depth + 1))
        return '"[" ws ' + _row(first, item, max(least - len(first), 0), left) + '"]"'


def _row(first: Sequence[str], item: str, least: int, most: int | None) -> str:
    """Items with commas between them.

    Args:
        first: those of which each is another.
        least: of the others.
    """
    comma = ' "," ws '
    if first:
        more = f" ( {comma} {item} ){{{least},{'' if most is None else most}}}" if item else ""
        return comma.join(first) + more + " ws "
    if not item or most == 0:
        return ""
    left = "" if most is None else most - 1
    row = f"{item} ( {comma} {item} ){{{max(least - 1, 0)},{left}}} ws"
    return f"{row} " if least else f"( {row} )? "


def _string(given: Mapping[str, Any]) -> str:
    if "format" in given:
        if given["format"] not in _FORMATS or len(given.keys() - {"type"}) > 1:
            raise InvalidInputError(
                f"format in a schema must be one of {', '.join(sorted(_FORMATS))}, with no length beside it."
            )
        return rf'"\"" {given["format"]} "\""'
    least, most = _bounds(given, "minLength", "maxLength")
    if not least and most is None:
        return "string"
    return rf'"\"" char{{{least},{"" if most is None else most}}} "\""'


def _bounds(given: Mapping[str, Any], low: str, high: str) -> tuple[int, int | None]:
    least, most = given.get(low, 0), given.get(high)
    for name, value in ((low, least), (high, most if most is not None else 0)):
        if type(value) is not int or not 0 <= value <= _MOST_ITEMS:
            raise InvalidInputError(f"{name} in a schema must be a whole number from 0 to {_MOST_ITEMS}.")
    if most is not None and most < least:
        raise InvalidInputError(f"{high} in a schema must not be less than {low}.")
    return least, most


def _of_type(rest: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """What a schema with several types says of one of them."""
    names = _BY_TYPE.get(kind, set()) if isinstance(kind, str) else set()
    return {"type": kind, **{name: value for name, value in rest.items() if name in names}}


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidInputError("anyOf, oneOf, allOf, enum and type of a schema need at least one entry.")
    return value


def _refuse_others(given: Mapping[str, Any], known: set[str]) -> None:
    """Going on without what was asked for would be worse than a refusal."""
    if others := sorted(given.keys() - known):
        raise InvalidInputError(f"{', '.join(map(str, others))[:200]} is not supported there in a schema.")
