"""Parsing in a process of its own: whatever the document does, this process goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.sandbox import Sandbox
from tests.ingest.sandboxes import ROOT, children_of, found, hostile_sandbox, refused, server_pid


@pytest.fixture(scope="module")
def product() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_mb=512) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def hostile() -> Iterator[Sandbox]:
    with hostile_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "stored"
    path.write_text("# Leave\n\n20 days.", encoding="utf-8")
    return path


def test_document_comes_back_whole(product: Sandbox, stored: Path) -> None:
    parsed = product.parse(stored, "leave.md")
    assert parsed.text == "# Leave\n\n20 days."
    assert parsed.title == "Leave"
    assert [block.kind for block in parsed.blocks] == ["heading", "paragraph"]


def test_errors_of_the_parser_come_back(product: Sandbox, hostile: Sandbox, tmp_path: Path) -> None:
    """Case 14."""
    empty = tmp_path / "empty"
    empty.touch()
    assert refused(product, empty, "empty.md").code == "empty"
    empty.write_text("x", encoding="ascii")
    error = refused(hostile, empty, "x.refuse")
    assert (error.code, error.reason) == ("encrypted", "Protected by a password.")


@pytest.mark.parametrize("file_name", ["loop", "sleep"])
def test_document_that_takes_too_long_is_stopped(tmp_path: Path, file_name: str) -> None:
    """Case 13."""
    path = tmp_path / "stored"
    path.write_text("60", encoding="ascii")
    with hostile_sandbox() as sandbox:
        pid, patient_s = server_pid(sandbox, path), sandbox.timeout_s
        sandbox.timeout_s = 0.5
        assert refused(sandbox, path, f"x.{file_name}").code == "timeout"
        assert children_of(pid) == []
        sandbox.timeout_s = patient_s
        assert refused(sandbox, path, "x.refuse").code == "encrypted", "the next document is read"


def test_document_that_takes_too_much_memory_is_stopped(hostile: Sandbox, stored: Path) -> None:
    """Cases 13 and 31."""
    assert refused(hostile, stored, "x.explode").code == "out_of_memory"


def test_crash_is_named(hostile: Sandbox, stored: Path) -> None:
    error = refused(hostile, stored, "x.segfault")
    assert error.code == "crashed"
    assert error.detail == "SIGSEGV"
    assert "SIG" not in error.reason and "save it again" in error.reason
    assert refused(hostile, stored, "x.leave").code == "crashed"


@pytest.mark.parametrize(("file_name", "kind"), [("raise-error", "KeyError"), ("recurse", "RecursionError")])
def test_error_nobody_expected_says_where_and_not_what(
    hostile: Sandbox, stored: Path, file_name: str, kind: str
) -> None:
    error = refused(hostile, stored, f"x.{file_name}")
    assert error.code == "unreadable"
    assert "hostile_parsers.py" in error.detail
    assert error.detail.endswith(kind)
    assert "20 days" not in error.detail + error.reason


def test_more_text_than_allowed_is_refused(tmp_path: Path, stored: Path) -> None:
    with hostile_sandbox(max_result_bytes=1_000_000) as sandbox:
        assert refused(sandbox, stored, "x.shout").code == "output_too_large"
        assert children_of(server_pid(sandbox, stored)) == []


def test_nothing_outside_can_be_reached(hostile: Sandbox, stored: Path) -> None:
    outcomes = found(hostile, stored, "x.escape")
    refused_outcomes = {"PermissionError", "OSError", "URLError", "ValueError"}
    assert {name: outcome for name, outcome in outcomes.items() if outcome not in refused_outcomes} == {}


def test_secrets_and_folders_stay_outside(monkeypatch: pytest.MonkeyPatch, stored: Path) -> None:
    """Case 23: not even in the memory that the process began with."""
    for name in (
        "KB_SECRET_KEY",
        "DATABASE_PASSWORD",
        "OPENAI_API_KEY",
        "SOME_TOKEN",
        "DJANGO_SETTINGS_MODULE",
    ):
        monkeypatch.setenv(name, "planted-secret")
    with hostile_sandbox() as sandbox:
        seen = found(sandbox, stored, "x.environment")
    assert "planted-secret" not in json.dumps(seen)
    assert seen["listing"] == []
    assert not Path(seen["directory"]).exists(), "the working folder is removed afterwards"
    assert seen["open files"] <= 5


def test_parsers_load_neither_django_nor_a_model(product: Sandbox) -> None:
    program = "import sys, ingest.sandbox_server; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"django", "celery", "torch", "numpy", "faiss", "sentence_transformers", "openvino", "tokenizers"}
    assert heavy & set(loaded.stdout.split()) == set()


def test_caller_is_called_while_it_waits(hostile: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("60", encoding="ascii")
    calls: list[float] = []

    def called() -> None:
        calls.append(time.monotonic())
        if len(calls) == 3:
            raise LookupError("seen enough")

    with pytest.raises(LookupError):
        hostile.parse(path, "x.sleep", on_wait=called)
    assert calls[2] - calls[0] >= 0.9


def test_waiting_costs_no_processor_time(hostile: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("2", encoding="ascii")
    started = time.process_time()
    hostile.parse(path, "x.sleep")
    assert time.process_time() - started < 0.5


def test_lost_lease_ends_the_child(hostile: Sandbox, tmp_path: Path) -> None:
    """Case 32: what the caller raises passes through."""
    path = tmp_path / "stored"
    path.write_text("60", encoding="ascii")

    def lose() -> None:
        raise LookupError("the lease is lost")

    with pytest.raises(LookupError):
        hostile.parse(path, "x.sleep", on_wait=lose)
    assert children_of(server_pid(hostile, path)) == []


def test_folders_that_killed_processes_left_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("kb-reading-old", "kb-reading-new", "other-old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result").touch()
    for name in ("kb-reading-old", "other-old"):
        os.utime(tmp_path / name, (0, 0))
    with Sandbox() as sandbox:
        stored = tmp_path / "stored"
        stored.write_text("Hello")
        assert sandbox.parse(stored, "x.txt").text == "Hello"
    assert {path.name for path in tmp_path.iterdir()} == {"kb-reading-new", "other-old", "stored"}
