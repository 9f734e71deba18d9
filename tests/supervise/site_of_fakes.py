"""A supervisor over fake processes, as a program of its own that tests can signal and kill.

Arguments: a folder, and how many seconds the processes get to end. Each process writes its pid into the
folder, and that of a child of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from kb.supervise import supervisor
from kb.supervise.health import Health, Status
from kb.supervise.process import Place, Process, Timing
from kb.supervise.until_stopped import run_until_stopped
from kb.supervise.warden import Warden

CODE = """
import os, signal, subprocess, sys, time
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
if name == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
(folder / f"{name}.pids").write_text(f"{os.getpid()} {grandchild.pid}")
time.sleep(600)
"""


def process(name: str, folder: Path, stop_s: float) -> Process:
    pids = folder / f"{name}.pids"

    async def check(pid: int) -> Health:
        started = pids.exists() and pids.read_text().startswith(f"{pid} ")
        return Health(Status.OK if started else Status.DOWN)

    argv = (sys.executable, "-I", "-S", "-c", CODE, name, str(folder))
    return Process(name, f"{name} server", argv, {}, check, stop_s=stop_s)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def when_healthy() -> None:
    say("Ready")


def main() -> None:
    folder, stop_s = Path(sys.argv[1]), float(sys.argv[2])
    supervisor.STOP_WITHIN_S = 2 * stop_s
    with Warden() as warden:
        place = Place(folder / "log", say, warden, Timing(start_poll_s=0.02))
        names = [["redis"], ["stubborn", "worker"]]
        stages = [[process(name, folder, stop_s) for name in stage] for stage in names]
        running = supervisor.Supervisor(stages, place)
        asyncio.run(run_until_stopped(running, when_healthy, say))


if __name__ == "__main__":
    main()
