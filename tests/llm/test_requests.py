from __future__ import annotations

import json
from typing import Any

import pytest

from kb.exceptions import InvalidInputError
from kb.llm.requests import ChatRequest, parse_chat
from kb.llm.types import ChatMessage, Sampling, Span

HELLO = [{"role": "user", "content": "hello"}]


def parsed(**fields: Any) -> ChatRequest:
    return parse_chat(json.dumps({"messages": HELLO, **fields}).encode())


def test_defaults_are_greedy_and_whole() -> None:
    assert parsed() == ChatRequest(
        messages=(ChatMessage("user", "hello"),),
        max_tokens=None,
        sampling=Sampling(),
        form=None,
        stream=False,
        include_usage=False,
    )


def test_everything_offered_is_understood() -> None:
    found = parsed(
        model="any", max_tokens=7, temperature=1, top_p=0.5, seed=-1, stop="\n", top_k=40, min_p=0.1,
        presence_penalty=-1, frequency_penalty=0.5,
        stream=True, stream_options={"include_usage": True}, n=1, user="somebody",
    )  # fmt: skip

    assert found.sampling == Sampling(1.0, 0.5, 40, 0.1, -1.0, 0.5, 0xFFFFFFFE, ("\n",))
    assert (found.max_tokens, found.stream, found.include_usage) == (7, True, True)
    assert found.user == "somebody"


@pytest.mark.parametrize("seed", [-1, 0xFFFFFFFF, 0xFFFFFFFF * 6 + 5, (1 << 63) - 1, -(1 << 63), 0, 7])
def test_seed_that_is_given_is_never_the_one_that_means_any(seed: int) -> None:
    """0xFFFFFFFF makes llama.cpp draw one."""
    sampling = parsed(seed=seed).sampling
    assert sampling.seed is not None
    assert 0 <= sampling.seed < 0xFFFFFFFF


def test_form_of_the_answer_is_a_grammar() -> None:
    assert parsed(response_format={"type": "text"}).form is None
    assert parsed(grammar='root ::= "yes" | "no"').form is not None
    schema = {"name": "any", "strict": True, "schema": {"type": "array", "items": {"type": "integer"}}}
    for form in ({"type": "json_object"}, {"type": "json_schema", "json_schema": schema}):
        assert parsed(response_format=form).form is not None


def test_newer_name_of_max_tokens_wins() -> None:
    assert parsed(max_tokens=7, max_completion_tokens=9).max_tokens == 9


def test_text_parts_are_joined_and_developer_is_system() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    found = parsed(messages=[{"role": "developer", "content": parts}])
    assert found.messages == (ChatMessage("system", "one\ntwo"),)


def test_marked_parts_follow_each_other_and_are_remembered_as_units() -> None:
    marked = {"cache_control": {"type": "ephemeral"}}
    parts = [
        {"type": "text", "text": "one "},
        {"type": "text", "text": "two ", **marked},
        {"type": "text", "text": "", **marked},
        {"type": "text", "text": "three", "cache_control": None},
    ]
    found = parsed(messages=[{"role": "user", "content": parts}])
    assert found.messages == (ChatMessage("user", "one two three", (Span(4, 8), Span(8, 8))),)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": None}]}, "content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": 1}]}]},
            "cache_control",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "content"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "content"),
        ({"messages": HELLO * 1001}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": "0"}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"seed": 1 << 64}, "seed"),
        ({"stop": 5}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": ["x" * 257]}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": 1}}, "include_usage"),
        ({"n": 2}, "n "),
        ({"n": True}, "n "),
        ({"best_of": 5}, "best_of"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"function_call": {"name": "f"}}, "function_call"),
        ({"top_logprobs": 5}, "top_logprobs"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"echo": True}, "echo"),
        ({"echo": 0}, "echo"),
        ({"stop": 0}, "stop"),
        ({"stop": False}, "stop"),
        ({"stream_options": "a"}, "stream_options"),
        ({"stream_options": []}, "stream_options"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": "json_object"}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": []}}}, "schema"),
        ({"grammar": 5}, "grammar"),
        ({"grammar": "root ::= other"}, "grammar"),
        ({"grammar": 'root ::= "x"', "response_format": {"type": "json_object"}}, "grammar"),
        ({"presence_penalty": 2.5}, "presence_penalty"),
        ({"frequency_penalty": "x"}, "frequency_penalty"),
        ({"top_k": -2}, "top_k"),
        ({"min_p": 1.1}, "min_p"),
        ({"user": 5}, "user"),
        ({"user": "x" * 257}, "user"),
    ],
)
def test_bad_field_is_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        parsed(**fields)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        parse_chat(body)
