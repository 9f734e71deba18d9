"""Runs the supervisor until a signal, and makes sure that everything ends with it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from kb.supervise.process import Report
from kb.supervise.supervisor import Supervisor


async def run_until_stopped(
    supervisor: Supervisor, when_healthy: Callable[[], Awaitable[None]], report: Report
) -> None:
    """Start everything, do `when_healthy`, wait for Ctrl-C, SIGTERM or SIGHUP, stop everything.

    A second Ctrl-C kills instead of asking.

    Raises:
        StartError: a required process does not come up; everything is stopped again.
    """
    stop = asyncio.Event()
    _listen(stop, supervisor)

    async def come_up() -> None:
        await supervisor.start()
        await when_healthy()

    coming_up = asyncio.create_task(come_up())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({coming_up, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if coming_up.done():
            coming_up.result()
            await stopping
    finally:
        report("Stopping …")
        await _cancelled(coming_up, stopping)
        await supervisor.stop()
        report("Stopped.")


def _listen(stop: asyncio.Event, supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set():
            supervisor.kill()
        stop.set()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    # make and a closing terminal may both pass these on, so a second one means nothing.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup wants it ignored
            loop.add_signal_handler(number, stop.set)


async def _cancelled(*tasks: asyncio.Task[object]) -> None:
    """Cancel and wait, so that a clean-up inside has happened."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
