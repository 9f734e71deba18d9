"""JSON schemas as grammars."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest

from kb.exceptions import InvalidInputError
from kb.llm.grammar.gbnf import read_grammar
from kb.llm.grammar.matcher import Matcher
from kb.llm.grammar.schema import ANY_OBJECT, grammar_of_schema

PERSON: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Person",
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 1000, "description": "In full."},
        "kind": {"enum": ['a "quoted" one', "back\\slash", "😀", "naïve", None, 5, {"x": [1]}]},
        "age": {"type": ["integer", "null"]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/child"}, "maxItems": 3},
        "born": {"type": "string", "format": "date"},
    },
    "required": ["name", "kind"],
    "additionalProperties": False,
    "$defs": {"child": {"anyOf": [{"$ref": "#"}, {"type": "null"}, {"const": "unknown"}]}},
}
SCHEMAS: list[Any] = [
    PERSON,
    {"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "number"}], "minItems": 2, "items": {}},
    {"type": "array", "prefixItems": [{"type": "null"}], "minItems": 1, "items": False},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 4},
    {"type": "array", "items": {"type": "string"}, "maxItems": 1},
    {"type": "array", "maxItems": 0},
    {"type": "array"},
    {"type": "object"},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "object", "properties": {"a": {}, "b": {"type": "null"}}, "additionalProperties": True},
    {"properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}}, "required": ["b"]},
    {"type": "object", "properties": {}},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "time"},
    {"type": ["string", "array"], "maxLength": 2, "items": {"type": "null"}},
    {"oneOf": [{"type": "string", "minLength": 3, "maxLength": 3}, {"allOf": [{"type": "boolean"}]}]},
    {"enum": ["one", "two"], "type": "string"},
    {},
    True,
]


def allows(grammar: str, text: str) -> bool:
    matcher = Matcher(read_grammar(grammar))
    if not matcher.allows(text.encode(), text):
        return False
    matcher.accept(text.encode(), text)
    return matcher.is_complete


def written(grammar: str, chance: random.Random) -> str:
    """Any text of the grammar, character by character; one that does not end soon is written again."""
    while True:
        matcher, text = Matcher(read_grammar(grammar)), ""
        while len(text) < 3000:
            expected = matcher.expected
            if not expected or (matcher.is_complete and chance.random() < 0.3):
                return text
            likely = [one for one in expected if chr(one[0]) in '"]}']
            low, high = chance.choice(likely if likely and chance.random() < 0.6 else expected)
            one = chr(chance.choice([low, high, chance.randint(low, high)]))
            matcher.accept(one.encode(), one)
            text += one


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:60])
def test_whatever_the_grammar_writes_is_json_of_the_schema(schema: Any) -> None:
    grammar, chance = grammar_of_schema(schema), random.Random(7)
    for _ in range(20):
        value = json.loads(written(grammar, chance))
        jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (PERSON, {"name": "x", "kind": 'a "quoted" one'}),
        (PERSON, {"name": "x" * 1000, "kind": "back\\slash", "age": None, "born": "2024-02-29"}),
        (PERSON, {"name": "é\n\t😀", "kind": "😀", "children": [{"name": "y", "kind": 5}, None, "unknown"]}),
        (SCHEMAS[1], [True, -1.5e10, {"x": []}, 0]),
        (SCHEMAS[2], [None]),
        (SCHEMAS[3], [1, 20]),
        (SCHEMAS[9], {"b": None, "other": [1]}),
        (SCHEMAS[10], {"b": None, "c": None}),
        (SCHEMAS[10], {"a": None, "b": None}),
        ({}, [1, "two", {"three": None}]),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_values_of_the_schema_can_be_written_compact_and_indented(
    schema: Any, value: Any, indent: int | None
) -> None:
    grammar = grammar_of_schema(schema)
    assert allows(grammar, json.dumps(value, indent=indent, ensure_ascii=False))
    if not isinstance(value, dict) or "kind" not in value:  # an enum is written in one way only
        assert allows(grammar, json.dumps(value, indent=indent))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (PERSON, '{"kind": 5, "name": "x"}'),
        (PERSON, '{"name": "x"}'),
        (PERSON, '{"name": "", "kind": 5}'),
        (PERSON, '{"name": "x", "kind": 6}'),
        (PERSON, '{"name": "x", "kind": 5,}'),
        (PERSON, '{"name": "x", "kind": 5, "more": 1}'),
        (PERSON, '{"name": "a\nb", "kind": 5}'),
        (PERSON, '{"name": "\\ud800", "kind": 5}'),
        (SCHEMAS[3], "[1]"),
        (SCHEMAS[3], "[1, 2, 3, 4, 5]"),
        (SCHEMAS[3], "[01, 2]"),
        ({"type": "object"}, "[]"),
        ({}, '{"a": 1} '),
    ],
)
def test_other_texts_cannot_be_written(schema: Any, text: str) -> None:
    assert not allows(grammar_of_schema(schema), text)


def test_any_object_is_an_object() -> None:
    assert allows(ANY_OBJECT, '{"a": [1, {"b": "\\u00e9\\ud83d\\ude00"}], "c": {}}')
    assert not allows(ANY_OBJECT, "[]")


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ([], "object"),
        ({"type": "text"}, "type"),
        ({"type": []}, "at least one"),
        ({"type": "string", "pattern": "^a$"}, "pattern"),
        ({"type": "integer", "minimum": 3}, "minimum"),
        ({"minimum": 3}, "minimum"),
        ({"type": ["integer", "null"], "minimum": 3}, "minimum"),
        ({"not": {}}, "not"),
        ({"type": "string", "format": "email"}, "format"),
        ({"type": "string", "minLength": -1}, "minLength"),
        ({"type": "string", "maxLength": 100_000_000}, "maxLength"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "maxLength"),
        ({"type": "array", "maxItems": True}, "maxItems"),
        ({"type": "array", "prefixItems": [{}, {}], "maxItems": 1}, "prefixItems"),
        ({"enum": []}, "enum"),
        ({"enum": ["\ud800"]}, "character pair"),
        ({"const": float("nan")}, "JSON"),
        ({"anyOf": [{}], "type": "string"}, "type"),
        ({"allOf": [{}, {}]}, "allOf"),
        ({"type": "object", "properties": []}, "properties"),
        ({"type": "object", "properties": {"a": {}}, "required": ["b"]}, "names b"),
        ({"$ref": "https://example.com/schema.json"}, "begin with #"),
        ({"$ref": "file:///etc/passwd"}, "begin with #"),
        ({"$ref": "#/$defs/missing"}, "nowhere"),
        ({"description": "x" * 70_000}, "70"),
        ({"enum": ["x" * 30_000]}, "20000 symbols"),
    ],
)
def test_schema_that_cannot_be_held_is_refused_by_name(schema: Any, named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        read_grammar(grammar_of_schema(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    ],
)
def test_schema_that_is_nothing_but_itself_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidInputError, match="begin with itself"):
        read_grammar(grammar_of_schema(schema))


def test_deep_and_wide_schemas_are_refused_at_once() -> None:
    deep: Any = {"type": "null"}
    for _ in range(60):
        deep = {"type": "array", "items": deep}
    wide = {"type": "object", "properties": {str(n): {} for n in range(2500)}}
    for schema in (deep, wide):
        with pytest.raises(InvalidInputError, match="parts"):
            grammar_of_schema(schema)
    bottomless: Any = {}
    for _ in range(100_000):
        bottomless = {"items": bottomless}
    with pytest.raises(InvalidInputError, match="nested"):
        grammar_of_schema(bottomless)
