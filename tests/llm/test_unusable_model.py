"""The model server as its own process, with a model that it cannot use."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from kb.exceptions import LLMUnavailableError
from kb.llm.client import OpenAIClient
from kb.llm.model_file import checksum_file, find_model
from tests.llm.process import Process

HELLO = [{"role": "user", "content": "Hello?"}]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "no model file"),
        ("truncated", "cannot be loaded"),
        ("other", "not a GGUF file"),
        ("wrong hash", "checksum"),
        ("larger than memory", "are free"),
        ("lists in lists", "truncated or no GGUF file"),
        ("countless tensors", "truncated or no GGUF file"),
    ],
)
async def test_server_without_a_usable_model_is_up_and_says_why(
    tmp_path: Path, kind: str, reason: str
) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    _spoil(path, kind)
    server = Process(tmp_path, KB_LLM_MODEL=str(path))
    try:
        told = server.until("failed")["reason"]
        assert str(path) in told
        assert reason in told
        with pytest.raises(LLMUnavailableError, match="cannot be loaded"):
            async for _ in OpenAIClient(f"{server.url}/v1", server.token, 60).stream(HELLO, max_tokens=2):
                pass
        refused = server.post(messages=HELLO)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_load")
        assert server.terminate() < 10  # then the supervisor would kill it
    finally:
        server.kill()


def test_model_that_is_put_in_its_place_answers_without_a_restart(tmp_path: Path) -> None:
    """Case 43."""
    path = tmp_path / "model.gguf"
    server = Process(tmp_path, KB_LLM_MODEL=str(path))
    try:
        server.until("failed")
        path.symlink_to(find_model("built-in").path)
        server.until("ok")
        assert server.post(messages=HELLO, max_tokens=2).status_code == 200
    finally:
        server.kill()


def _spoil(path: Path, kind: str) -> None:
    """A model file that is not what it should be; none where it is missing."""
    with find_model("built-in").path.open("rb") as file:
        beginning = file.read(3_000_000)
    if kind == "other":
        path.write_bytes(b"PK\x03\x04" * 1000)
    elif kind != "missing":
        path.write_bytes(beginning)
    if kind == "wrong hash":
        checksum_file(path).write_text(f"{'0' * 64}  {path.name}\n")
    if kind == "lists in lists":
        entry = struct.pack("<Q1sI", 1, b"x", 9) + struct.pack("<IQ", 9, 1) * 5000
        path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + entry + bytes(100))
    if kind == "countless tensors":
        path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 3 * 10**8, 0))
    if kind in ("larger than memory", "countless tensors"):
        os.truncate(path, 1 << 40)  # without taking the disk
