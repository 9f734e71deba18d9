"""JSON schemas as grammars, and what is refused before it can do harm."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from kb.exceptions import InvalidInputError
from kb.llm.forms import form_of_schema, requested_form
from kb.llm.gbnf import lark_of_gbnf
from tests.llm.bytewise import Bytes, Forms, next_bytes, taken

# Each may be tried for three seconds; the rest takes a moment, too.
SOON_S = 15.0
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


@pytest.fixture(scope="module")
def forms() -> Iterator[Forms]:
    made = Forms()
    yield made
    made.close()


def written(forms: Forms, form: str, chance: random.Random) -> str:
    """Any text of the form, byte by byte; one that does not end soon is written again."""
    while True:
        follower, text = forms.begin(form), b""
        while len(text) < 3000:
            expected = next_bytes(follower)
            if not expected or (follower.is_complete and chance.random() < 0.3):
                return text.decode()
            likely = [byte for byte in expected if chr(byte) in '"]}']
            byte = chance.choice(likely if likely and chance.random() < 0.6 else expected)
            assert follower.accepts(byte)
            text += bytes([byte])


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:60])
def test_whatever_is_written_is_json_of_the_schema(forms: Forms, schema: Any) -> None:
    form, chance = form_of_schema(schema), random.Random(7)
    for _ in range(20):
        value = json.loads(written(forms, form, chance))
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
    forms: Forms, schema: Any, value: Any, indent: int | None
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert forms.allows(form_of_schema(schema), text)


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
def test_other_texts_cannot_be_written(forms: Forms, schema: Any, text: str) -> None:
    assert not forms.allows(form_of_schema(schema), text)


def test_any_object_is_an_object(forms: Forms) -> None:
    form = requested_form({"response_format": {"type": "json_object"}})
    assert form is not None
    assert forms.allows(form, '{"a": [1, {"b": "é😀"}], "c": {}}')
    assert not forms.allows(form, "[]")


def test_parts_of_allof_may_name_different_properties(forms: Forms) -> None:
    parts = [{"properties": {name: {"type": "null"}}, "required": [name]} for name in ("a", "b")]
    assert forms.allows(form_of_schema({"type": "object", "allOf": parts}), '{"a": null, "b": null}')


def test_spaces_do_not_go_on_for_ever(forms: Forms) -> None:
    follower = forms.begin(form_of_schema({"type": "object"}))
    assert taken(follower, b"{\n" + b" " * 100) == 42


def test_wishes_for_the_compiler_in_a_schema_are_not_heard(forms: Forms) -> None:
    with pytest.raises(InvalidInputError, match="not"):
        forms.begin(form_of_schema({"x-guidance": {"lenient": True}, "not": {}}))


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ([], "object"),
        ({"type": "text"}, "type"),
        ({"type": "string", "pattern": "(?=a)b"}, "regex parse error"),
        ({"not": {}}, "not"),
        ({"type": "string", "format": "weird"}, "format"),
        ({"type": "string", "minLength": -1}, "minLength"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "maxLength"),
        ({"enum": ["\ud800"]}, "hex escape"),
        ({"const": float("nan")}, "JSON"),
        ({"type": "object", "properties": []}, "properties"),
        ({"$ref": "https://example.com/schema.json"}, "retrieving it failed"),
        ({"$ref": "file:///etc/passwd"}, "retrieving it failed"),
        ({"$ref": "#/$defs/missing"}, "does not exist"),
        ({"$ref": "#"}, "allows nothing"),
        ({"description": "x" * 70_000}, "are allowed"),
    ],
)
def test_schema_that_cannot_be_held_is_refused_by_name(forms: Forms, schema: Any, named: str) -> None:
    with pytest.raises(InvalidInputError, match=f"(?i){named}"):
        forms.begin(form_of_schema(schema))


def test_bottomless_schema_is_refused() -> None:
    bottomless: Any = {}
    for _ in range(100_000):
        bottomless = {"items": bottomless}
    with pytest.raises(InvalidInputError, match="nested"):
        form_of_schema(bottomless)


def _row_of_rules(rule: str) -> str:
    rules = "\n".join(f"r{n} ::= " + rule.replace("NEXT", f"r{n + 1}") for n in range(2500))
    return lark_of_gbnf(f'root ::= r0\n{rules}\nr2500 ::= "x"')


def spent_s() -> float:
    """Processor time of this process and of those that it started: a busy machine does not matter."""
    return sum(os.times()[:4])


@pytest.mark.parametrize(
    "form",
    [
        # Each further pattern takes nearly four times as long as the last.
        form_of_schema({"allOf": [{"type": "string", "pattern": f".*{n}.{{9}}x"} for n in range(20)]}),
        lark_of_gbnf("root ::= " + "(" * 20_000 + '"x"' + ")" * 20_000),
        lark_of_gbnf('root ::= "' + "x" * 60_000 + '"'),
        form_of_schema({"type": "object", "properties": {str(n): {} for n in range(2500)}}),
        lark_of_gbnf("root ::= root"),
    ],
    ids=range(5),
)
def test_form_that_cannot_be_followed_is_refused_soon(forms: Forms, form: str) -> None:
    started_s = spent_s()
    with pytest.raises(InvalidInputError):
        forms.begin(form)
    assert spent_s() - started_s < SOON_S
    assert forms.allows('start: "x"', "x")


@pytest.mark.parametrize(
    "form",
    [
        _row_of_rules('"x" NEXT?'),
        _row_of_rules("NEXT | NEXT"),
        form_of_schema(
            {"$ref": "#/$defs/0", "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(1700)}}
        ),
        lark_of_gbnf("root ::= " + "x " * 20_000 + "\nx ::= [a-z]"),
    ],
    ids=range(4),
)
def test_form_that_may_overflow_the_stack_does_not_end_the_process(forms: Forms, form: str) -> None:
    """How deep it goes is llguidance's affair: some of them do in one version, and not in the next."""
    with contextlib.suppress(InvalidInputError):
        assert forms.begin(form).allowed(Bytes.vocabulary_size).any()
    assert forms.allows('start: "x"', "x")
