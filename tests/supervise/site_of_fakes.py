"""A supervisor over fake processes, as a program of its own that tests can signal and kill.

Arguments: a folder. Each process writes its pid there, and that of a child of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from kb.supervise.health import Health, Status
from kb.supervise.process import Place, Process, Timing
from kb.supervise.supervisor import Supervisor
from kb.supervise.until_stopped import run_until_stopped
from kb.supervise.warden import Warden

CODE = """
import os, signal, subprocess, sys, time
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
if name == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(120)"])
(folder / f"{name}.pids").write_text(f"{os.getpid()} {grandchild.pid}")
time.sleep(120)
"""


def process(name: str, folder: Path) -> Process:
    pids = folder / f"{name}.pids"

    async def check(pid: int) -> Health:
        started = pids.exists() and pids.read_text().startswith(f"{pid} ")
        return Health(Status.OK if started else Status.DOWN)

    argv = (sys.executable, "-I", "-S", "-c", CODE, name, str(folder))
    return Process(name, f"{name} server", argv, {}, check)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def when_healthy() -> None:
    say("Ready")


def main() -> None:
    folder = Path(sys.argv[1])
    with Warden() as warden:
        place = Place(folder / "log", say, warden, Timing(start_poll_s=0.02))
        stages = [[process("redis", folder)], [process("stubborn", folder), process("worker", folder)]]
        asyncio.run(run_until_stopped(Supervisor(stages, place), when_healthy, say))


if __name__ == "__main__":
    main()
