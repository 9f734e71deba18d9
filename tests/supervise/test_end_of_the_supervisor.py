"""However the supervisor ends, nothing of it stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervise.waiting import eventually, lives

PATIENT_S = 60.0


@pytest.fixture
def stop_s() -> float:
    """How long a process may take to end by itself."""
    return 1.0


@pytest.fixture
def site(tmp_path: Path, stop_s: float) -> Iterator[subprocess.Popen[str]]:
    """A running supervisor with three processes, each with a child of its own."""
    argv = [sys.executable, "-m", "tests.supervise.site_of_fakes", str(tmp_path), str(stop_s)]
    # Under nohup the tests would hand on that SIGHUP is ignored, and the supervisor respects that.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    signal.signal(signal.SIGHUP, before)
    with process:
        try:
            assert process.stdout
            assert any(line == "Ready\n" for line in process.stdout), "it did not come up"
            yield process
        finally:
            process.kill()


@pytest.fixture
def pids(site: subprocess.Popen[str], tmp_path: Path) -> Iterator[list[int]]:
    found = [int(pid) for path in tmp_path.glob("*.pids") for pid in path.read_text().split()]
    assert len(found) == 6
    assert all(lives(pid) for pid in found)
    yield found
    for pid in filter(lives, found):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_everything(site: subprocess.Popen[str], pids: list[int], number: signal.Signals) -> None:
    site.send_signal(number)

    assert site.wait(timeout=PATIENT_S) == 0
    assert site.stdout
    assert "The stubborn server does not end by itself: killed" in site.stdout.read()
    assert not any(lives(pid) for pid in pids)


@pytest.mark.parametrize("stop_s", [600.0])
def test_second_ctrl_c_does_not_wait_for_a_stubborn_process(
    site: subprocess.Popen[str], pids: list[int]
) -> None:
    site.send_signal(signal.SIGINT)
    assert site.stdout
    assert site.stdout.readline() == "Stopping …\n"

    site.send_signal(signal.SIGINT)
    site.wait(timeout=PATIENT_S)

    # The other way to end it takes ten minutes and says so.
    assert "does not end by itself" not in site.stdout.read()
    assert not any(lives(pid) for pid in pids)


def test_sigterm_passed_on_twice_still_ends_in_order(site: subprocess.Popen[str], pids: list[int]) -> None:
    site.send_signal(signal.SIGTERM)
    site.send_signal(signal.SIGTERM)

    assert site.wait(timeout=PATIENT_S) == 0
    assert not any(lives(pid) for pid in pids)


async def test_kill_9_takes_children_and_grandchildren_along(
    site: subprocess.Popen[str], pids: list[int]
) -> None:
    site.kill()
    site.wait()

    await eventually(lambda: not any(lives(pid) for pid in pids))
