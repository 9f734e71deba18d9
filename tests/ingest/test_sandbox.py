"""Parsing in a process of its own: whatever the document does, this process goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingest.parsers import ParseError
from ingest.sandbox import Sandbox, SandboxError

ROOT = Path(__file__).parents[2]
HOSTILE = "tests.ingest.hostile_parsers:PARSERS"


@pytest.fixture(scope="module")
def product() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_mb=512) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def hostile() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_mb=128, registry=HOSTILE, python_path=[ROOT]) as sandbox:
        yield sandbox


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "stored"
    path.write_text("# Leave\n\n20 days.", encoding="utf-8")
    return path


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
    with Sandbox(timeout_s=0.5, memory_mb=128, registry=HOSTILE, python_path=[ROOT]) as sandbox:
        pid = server_pid(sandbox, path)
        assert refused(sandbox, path, f"x.{file_name}").code == "timeout"
        assert children_of(pid) == []
        assert refused(sandbox, path, "x.refuse").code == "encrypted", "the next document is read"


def test_document_that_takes_too_much_memory_is_stopped(hostile: Sandbox, stored: Path) -> None:
    """Cases 13 and 31."""
    assert refused(hostile, stored, "x.explode").code == "out_of_memory"


def test_crash_is_named(hostile: Sandbox, stored: Path) -> None:
    error = refused(hostile, stored, "x.segfault")
    assert error.code == "crashed"
    assert "SIGSEGV" in error.reason
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
    with Sandbox(
        timeout_s=60, memory_mb=128, registry=HOSTILE, python_path=[ROOT], max_result_bytes=1_000_000
    ) as sandbox:
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
    with Sandbox(timeout_s=60, memory_mb=128, registry=HOSTILE, python_path=[ROOT]) as sandbox:
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


def test_many_threads_parse_at_once(product: Sandbox, tmp_path: Path) -> None:
    paths = []
    for number in range(24):
        path = tmp_path / str(number)
        path.write_text(f"# Document {number}\n\n" + "words " * 100 * number, encoding="utf-8")
        paths.append(path)
    with ThreadPoolExecutor(6) as pool:
        parsed = list(pool.map(lambda path: product.parse(path, "x.md"), paths))
    assert [document.title for document in parsed] == [f"Document {number}" for number in range(24)]
    assert children_of(server_pid(product, paths[0])) == []


def test_caller_is_called_while_it_waits(hostile: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("2.3", encoding="ascii")
    calls: list[float] = []
    hostile.parse(path, "x.sleep", on_wait=lambda: calls.append(time.monotonic()))
    assert len(calls) == 2
    assert calls[1] - calls[0] >= 0.9


def test_lost_lease_ends_the_child(hostile: Sandbox, tmp_path: Path) -> None:
    """Case 32: what the caller raises passes through."""
    path = tmp_path / "stored"
    path.write_text("60", encoding="ascii")

    def lose() -> None:
        raise LookupError("the lease is lost")

    with pytest.raises(LookupError):
        hostile.parse(path, "x.sleep", on_wait=lose)
    assert children_of(server_pid(hostile, path)) == []


def test_killed_fork_server_is_replaced(hostile: Sandbox, stored: Path) -> None:
    """Case 30."""
    refused(hostile, stored, "x.refuse")
    before = server_pid(hostile, stored)
    os.kill(before, signal.SIGKILL)
    assert refused(hostile, stored, "x.refuse").code == "encrypted"
    assert server_pid(hostile, stored) != before
    assert str(before) not in {path.name for path in Path("/proc").iterdir()}, "no zombie is left"


def test_document_is_parsed_again_when_the_fork_server_dies_meanwhile(
    hostile: Sandbox, tmp_path: Path
) -> None:
    """Case 30."""
    path = tmp_path / "stored"
    path.write_text("1.5", encoding="ascii")
    killed: list[int] = []

    def kill_once() -> None:
        if not killed:
            killed.append(server_pid(hostile, path))
            os.kill(killed[0], signal.SIGKILL)

    assert hostile.parse(path, "x.sleep", on_wait=kill_once).text == "slept"


def test_fork_server_that_dies_twice_is_the_documents_fault(hostile: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("30", encoding="ascii")
    with pytest.raises(ParseError) as caught:
        hostile.parse(path, "x.sleep", on_wait=lambda: os.kill(server_pid(hostile, path), signal.SIGKILL))
    assert caught.value.code == "crashed"


def test_fork_server_ends_with_its_owner(stored: Path) -> None:
    program = (
        "import os, pathlib, sys\n"
        "from ingest.sandbox import Sandbox\n"
        "sandbox = Sandbox()\n"
        "sandbox.parse(pathlib.Path(sys.argv[1]), 'x.md')\n"
        "print(sandbox._server.process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(stored)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z":
            break  # It has ended; whoever adopted it has not looked yet.
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{pid}").exists()


def parse_in_daemon(sandbox: Sandbox, path: Path, titles: Any) -> None:
    titles.put(sandbox.parse(path, "x.md").title)
    sandbox.close()


def test_worker_process_forked_from_the_owner_starts_its_own(product: Sandbox, stored: Path) -> None:
    """As Celery's daemonic worker processes are."""
    product.parse(stored, "x.md")
    before = server_pid(product, stored)
    context = multiprocessing.get_context("fork")
    titles = context.Queue()
    worker = context.Process(target=parse_in_daemon, args=(product, stored, titles), daemon=True)
    worker.start()
    assert titles.get(timeout=60) == "Leave"
    worker.join(10)
    assert worker.exitcode == 0
    titles.close()
    assert product.parse(stored, "x.md").title == "Leave"
    assert server_pid(product, stored) == before


def test_sandbox_that_cannot_start_says_so(stored: Path) -> None:
    with pytest.raises(SandboxError):
        Sandbox(registry="no.such.module:PARSERS").parse(stored, "x.md")


def test_closed_sandbox_leaves_no_process(stored: Path) -> None:
    sandbox = Sandbox()
    sandbox.parse(stored, "x.md")
    pid = server_pid(sandbox, stored)
    sandbox.close()
    assert not Path(f"/proc/{pid}").exists()
    assert sandbox.parse(stored, "x.md").title == "Leave"
    sandbox.close()


def test_close_while_a_document_is_parsed_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("30", encoding="ascii")
    sandbox = Sandbox(timeout_s=60, memory_mb=128, registry=HOSTILE, python_path=[ROOT])
    with pytest.raises(ParseError):
        sandbox.parse(path, "x.sleep", on_wait=sandbox.close)
    sandbox.close()
