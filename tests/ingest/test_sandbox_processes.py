"""The fork server: one for many threads, replaced when it dies, gone with its owner."""

from __future__ import annotations

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
from tests.ingest.sandboxes import ROOT, children_of, hostile_sandbox, refused, server_pid
from tests.supervise.waiting import lives


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
    deadline = time.monotonic() + 60
    while lives(pid):
        assert time.monotonic() < deadline, "it outlived its owner"
        time.sleep(0.02)


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
    worker.join(60)
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
    sandbox = hostile_sandbox()
    with pytest.raises(ParseError):
        sandbox.parse(path, "x.sleep", on_wait=sandbox.close)
    sandbox.close()
