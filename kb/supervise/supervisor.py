"""Starts the processes in order, keeps them running, stops them in reverse order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from kb.supervise.errors import StartError
from kb.supervise.process import Place, Process
from kb.supervise.runner import Runner

# A person waits 10 s for the end; the rest is for Python's own end, which is slow on a busy machine.
STOP_WITHIN_S = 8.0


class Supervisor:
    """Runs stages of processes.

    Args:
        stages: the processes of a stage start together, when all of the stage before are healthy.
    """

    def __init__(self, stages: Sequence[Sequence[Process]], place: Place) -> None:
        self._stages = [[Runner(process, place) for process in stage] for stage in stages]
        self._begun: list[list[Runner]] = []

    async def start(self) -> None:
        """Start everything and wait until it is healthy. What dies from now on is started again.

        Raises:
            StartError: a required process does not come up. The others still run: call `stop`.
        """
        for stage in self._stages:
            self._begun.append(stage)
            for runner in stage:
                runner.begin()
            await asyncio.gather(*(runner.settled() for runner in stage))
            for runner in stage:
                if runner.process.required and runner.start_problem:
                    raise StartError(f"The {runner.process.title} does not start. {runner.start_problem}")

    async def stop(self) -> None:
        """End everything that was begun, within `STOP_WITHIN_S`, in reverse order."""
        deadline = time.monotonic() + STOP_WITHIN_S
        for stage in reversed(self._begun):
            remaining_s = max(0.0, deadline - time.monotonic())
            await asyncio.gather(*(runner.stop(min(runner.process.stop_s, remaining_s)) for runner in stage))

    def kill(self) -> None:
        """End everything at once."""
        for stage in self._begun:
            for runner in stage:
                runner.kill()
