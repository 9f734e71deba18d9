"""Small real programs in place of the site's own, and a supervisor with short times.

Short is only what a healthy process never feels: a machine that stands still must not end one.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kb.supervise.health import Health, Status
from kb.supervise.process import Check, Place, Process, Timing
from kb.supervise.warden import Warden

MakeProcess = Callable[..., Process]

QUICK = Timing(
    start_poll_s=0.02,
    start_silence_s=60.0,
    still_starting_s=0.2,
    probe_every_s=0.05,
    probe_timeout_s=0.5,
    start_attempts=3,
    first_delay_s=0.05,
)


@dataclass
class Reports:
    """What the supervisor said."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def containing(self, *parts: str) -> list[str]:
        return [line for line in self.lines if all(part in line for part in parts)]


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def place(tmp_path: Path, reports: Reports) -> Iterator[Place]:
    with Warden() as warden:
        yield Place(tmp_path / "log", reports, warden, QUICK)


@pytest.fixture
def make_process(tmp_path: Path) -> MakeProcess:
    """A process that runs Python code.

    The code finds `ready()`, which makes it healthy, and `note(word)`, which appends to `journal`.
    """
    beginning = f"""
import os, signal, subprocess, sys, time
from pathlib import Path
folder = Path({str(tmp_path)!r})
def note(word):
    with (folder / "journal").open("a") as file:
        file.write(word + "\\n")
def ready():
    (folder / (NAME + ".ready")).write_text(str(os.getpid()))
"""

    def make(
        name: str, code: str, check: Check | None = None, *, required: bool = True, stop_s: float = 60.0
    ) -> Process:
        text = f"NAME = {name!r}\n{beginning}\n{code}"
        argv = (sys.executable, "-I", "-S", "-c", text)
        healthy = check or _ready_file(tmp_path / f"{name}.ready")
        return Process(name, f"{name} server", argv, {}, healthy, required=required, stop_s=stop_s)

    return make


def _ready_file(path: Path) -> Check:
    async def check(pid: int) -> Health:
        with contextlib.suppress(FileNotFoundError):
            if path.read_text() == str(pid):
                return Health(Status.OK)
        return Health(Status.DOWN)

    return check


@pytest.fixture
def journal(tmp_path: Path) -> Callable[[], list[str]]:
    def read() -> list[str]:
        path = tmp_path / "journal"
        return path.read_text().split() if path.exists() else []

    return read
