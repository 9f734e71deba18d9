from __future__ import annotations

import json
from typing import Any

import pytest

from kb.exceptions import InvalidInputError
from kb.search.requests import SearchRequest, parse_search

GOOD: dict[str, Any] = {"query": "hotels", "collections": [2, 1], "limit": 5, "candidates": 50}


def test_good_request_is_read() -> None:
    assert parse_search(json.dumps(GOOD).encode()) == SearchRequest("hotels", frozenset({1, 2}), 5, 50)


def test_limits_have_defaults() -> None:
    wanted = parse_search(b'{"query": "hotels", "collections": []}')
    assert wanted == SearchRequest("hotels", frozenset(), 10, 100)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"query": ""}, "query"),
        ({"query": " \n"}, "query"),
        ({"query": 5}, "query"),
        ({"query": None}, "query"),
        ({"query": "x" * 100_001}, "query"),
        ({"query": "\ud800"}, "query"),
        ({"collections": None}, "collections"),
        ({"collections": "1"}, "collections"),
        ({"collections": [1.5]}, "collections"),
        ({"collections": [True]}, "collections"),
        ({"limit": 0}, "limit"),
        ({"limit": 100_001}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"limit": True}, "limit"),
        ({"candidates": -1}, "candidates"),
        ({"colections": [1]}, "colections"),
    ],
)
def test_bad_value_is_refused_and_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        parse_search(json.dumps(GOOD | change).encode())


def test_forgotten_collections_are_refused() -> None:
    """Fail closed: no filter is not the same as no restriction."""
    with pytest.raises(InvalidInputError, match="collections"):
        parse_search(b'{"query": "hotels"}')


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'"x"'])
def test_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="JSON"):
        parse_search(body)
