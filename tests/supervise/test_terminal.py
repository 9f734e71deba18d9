from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

from kb.supervise.output import LogFile
from kb.supervise.terminal import Terminal

TALK_TO_A_CLOSED_PIPE = """
import sys
from pathlib import Path
from kb.supervise.output import LogFile
from kb.supervise.terminal import Terminal
sys.stdin.read()
terminal = Terminal(sys.stdout, LogFile(Path(sys.argv[1])))
terminal.say("first")
terminal.say("second")
"""


def test_lines_are_shown_and_kept(tmp_path: Path) -> None:
    screen = StringIO()
    with closing(LogFile(tmp_path / "up.log")) as log:
        Terminal(screen, log).say("Starting …")

    assert screen.getvalue() == "Starting …\n"
    assert (tmp_path / "up.log").read_text().endswith(" Starting …\n")


def test_password_is_shown_but_not_kept(tmp_path: Path) -> None:
    """case 23: no secret in any log."""
    screen = StringIO()
    with closing(LogFile(tmp_path / "up.log")) as log:
        Terminal(screen, log).say_unlogged("with the password abc")

    assert "abc" in screen.getvalue()
    assert not (tmp_path / "up.log").exists()


def test_closed_window_does_not_stop_the_site(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.run(
        [sys.executable, "-c", TALK_TO_A_CLOSED_PIPE, str(tmp_path / "up.log")],
        stdin=subprocess.DEVNULL,
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)

    assert (process.returncode, process.stderr) == (0, "")
    assert len((tmp_path / "up.log").read_text().splitlines()) == 2


def test_terminal_without_unicode_shows_what_it_can(tmp_path: Path) -> None:
    screen = TextIOWrapper(BytesIO(), encoding="ascii")
    with closing(LogFile(tmp_path / "up.log")) as log:
        Terminal(screen, log).say("Stopping …")

    screen.seek(0)
    assert screen.read() == "Stopping ?\n"
