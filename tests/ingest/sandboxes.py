"""What the tests of the sandbox share: the hostile parsers' sandbox, and a look at its processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.parsers import ParseError
from ingest.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def hostile_sandbox(timeout_s: float = 60, max_result_bytes: int = 1_000_000) -> Sandbox:
    return Sandbox(
        timeout_s=timeout_s,
        memory_mb=128,
        registry="tests.ingest.hostile_parsers:PARSERS",
        python_path=[ROOT],
        max_result_bytes=max_result_bytes,
    )


def refused(sandbox: Sandbox, path: Path, file_name: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        sandbox.parse(path, file_name)
    assert caught.value.reason.endswith(".")
    return caught.value


def found(sandbox: Sandbox, path: Path, file_name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(sandbox.parse(path, file_name).text)
    return values


def server_pid(sandbox: Sandbox, path: Path) -> int:
    if sandbox._server is None:
        refused(sandbox, path, "x.refuse")
    assert sandbox._server is not None
    return sandbox._server.process.pid


def children_of(pid: int) -> list[str]:
    """The states of a process's children: Z is a zombie."""
    states = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if parent == str(pid):
            states.append(state)
    return states
