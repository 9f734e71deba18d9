from __future__ import annotations

import asyncio
import errno
import logging
import os
from contextlib import closing
from pathlib import Path

import pytest

from kb.supervise.output import LOG_BACKUPS, LogFile, Output, is_error


class FullLogFile(LogFile):
    """A log on a disk without room."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            self.handleError(record)


def pump(output: Output, *blocks: bytes) -> None:
    """Let the output read what a process would write, block by block."""

    async def run() -> None:
        read_end, write_end = os.pipe()
        reading = asyncio.create_task(output.pump(read_end))
        for block in blocks:
            await asyncio.to_thread(_write_all, write_end, block)
            await asyncio.sleep(0.01)
        os.close(write_end)
        await reading

    asyncio.run(run())


def _write_all(descriptor: int, block: bytes) -> None:
    while block:
        block = block[os.write(descriptor, block) :]


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-31 12:00:00,123 ERROR kb.search: the index is gone",
        "2026-01-31 12:00:00,123 CRITICAL kb: out of memory",
        "[2026-01-31 12:00:00,123: ERROR/MainProcess] consumer: cannot connect",
        "ERROR:    [Errno 98] address already in use",
    ],
)
def test_error_lines_of_every_program_are_recognised(line: str) -> None:
    assert is_error(line)


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-31 12:00:00,123 INFO kb: ERROR is only a word here",
        "",
        "ERRORS: 0",
        "no ERROR at the beginning",
    ],
)
def test_other_lines_are_not_errors(line: str) -> None:
    assert not is_error(line)


def test_lines_go_to_the_log_and_errors_also_to_the_terminal(tmp_path: Path) -> None:
    shown: list[str] = []

    with closing(LogFile(tmp_path / "log" / "web.log")) as log:
        pump(Output(log, shown.append, is_error), b"one\nERR", b"OR: two\nthree \xff\nla", b"st")

    assert (tmp_path / "log" / "web.log").read_text() == "one\nERROR: two\nthree \ufffd\nlast\n"
    assert shown == ["ERROR: two"]


def test_last_line_is_kept_to_say_why_a_process_ended(tmp_path: Path) -> None:
    with closing(LogFile(tmp_path / "web.log")) as log:
        output = Output(log, lambda line: None, is_error)
        pump(output, b"first\nlast words\n\n")

    assert output.last_line == "last words"


def test_output_without_line_ends_takes_no_growing_memory(tmp_path: Path) -> None:
    with closing(LogFile(tmp_path / "web.log")) as log:
        output = Output(log, lambda line: None, is_error)
        pump(output, b"x" * 1_000_000)

    assert len(output.last_line) < 200_000
    assert (tmp_path / "web.log").read_text().replace("\n", "") == "x" * 1_000_000


def test_log_is_bounded(tmp_path: Path) -> None:
    with closing(LogFile(tmp_path / "web.log")) as log:
        log.maxBytes = 1000
        for number in range(1000):
            log.write(f"line {number}")

    files = sorted(tmp_path.iterdir())

    assert len(files) == LOG_BACKUPS + 1
    assert all(path.stat().st_size <= 1000 for path in files)
    assert (tmp_path / "web.log").read_text().endswith("line 999\n")


def test_full_disk_does_not_stop_the_reading(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []

    with closing(FullLogFile(tmp_path / "full.log")) as log:
        pump(Output(log, shown.append, is_error), b"ERROR: one\n", b"ERROR: two\n")

    assert shown == ["ERROR: one", "ERROR: two"]
    assert capfd.readouterr().err == ""
