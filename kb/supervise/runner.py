"""Keeps one process running: starts it, waits until it is healthy, watches it, starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from kb.supervise.backoff import Backoff
from kb.supervise.child import Child
from kb.supervise.health import Health, Status
from kb.supervise.output import LogFile, Output, is_error
from kb.supervise.process import Place, Process

logger = logging.getLogger(__name__)


class Runner:
    """The life of one process. `begin` once, `settled` to wait for the first start, `stop` once."""

    def __init__(self, process: Process, place: Place) -> None:
        self.process = process
        # Why it does not come up; empty while it may, and after it did.
        self.start_problem = ""
        self._place = place
        self._log = LogFile(place.log_dir / f"{process.name}.log")
        self._output = Output(self._log, self._show, is_error)
        self._backoff = Backoff(place.timing.first_delay_s)
        self._failed_starts = 0
        self._healthy_since: float | None = None
        self._child: Child | None = None
        self._settled = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        doing = f" … {self.process.doing}" if self.process.doing else ""
        self._place.report(f"Starting {self.process.title}{doing}")
        self._task = asyncio.create_task(self._keep_running(), name=self.process.name)

    async def settled(self) -> None:
        """Wait until it is healthy for the first time, or until `start_problem` says why it will not be."""
        settled = asyncio.create_task(self._settled.wait())
        running = {self._task} if self._task else set()
        ended, _ = await asyncio.wait({*running, settled}, return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
        for task in ended:
            task.result()

    async def stop(self, within_s: float) -> None:
        """End it, by force when it takes longer."""
        self._stopping.set()
        if self._task is None:
            return
        if self._child:
            self._child.terminate()
        _, late = await asyncio.wait({self._task}, timeout=within_s)
        if late:
            self._place.report(f"The {self.process.title} does not end by itself: killed")
            self.kill()
            await asyncio.wait({self._task})
        self._log.close()

    def kill(self) -> None:
        """End it at once, and for good."""
        self._stopping.set()
        if self._child:
            self._child.kill()

    def _show(self, line: str) -> None:
        self._place.report(f"{self.process.name}: {line}")

    async def _keep_running(self) -> None:
        while True:
            ending = await self._run_once()
            if self._stopping.is_set():
                return
            healthy_for_s = time.monotonic() - self._healthy_since if self._healthy_since else 0.0
            self._note_end(ending)
            delay_s = self._backoff.after(healthy_for_s)
            self._place.report(
                f"The {self.process.title} {ending}. Starting it again in {delay_s:g} s. "
                f"Log: {self._log.baseFilename}"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)
                return

    def _note_end(self, ending: str) -> None:
        if self._healthy_since is None:
            self._failed_starts += 1
            if self._failed_starts == self._place.timing.start_attempts:
                self._give_up_waiting(f"It {ending}")
        self._healthy_since = None

    async def _run_once(self) -> str:
        """One run from start to end. Returns how it ended, to follow "The search server "."""
        self._output.last_line = ""
        try:
            child = await Child.start(
                self.process.argv, self.process.environment, self._output, self._place.warden
            )
        except OSError as error:
            return f"cannot be started ({error.strerror})"
        self._child = child
        if self._stopping.is_set():
            child.terminate()
        end = asyncio.create_task(child.wait())
        watch = asyncio.create_task(self._watch(child))
        await asyncio.wait({end, watch}, return_when=asyncio.FIRST_COMPLETED)
        stalled = watch.result() if watch.done() and not end.done() else ""
        watch.cancel()
        if stalled:
            child.kill()
        status = await end
        self._child = None
        return stalled or self._describe(status)

    def _describe(self, status: int) -> str:
        if status < 0:
            return f"was ended by signal {-status}"
        last_words = f": {self._output.last_line}" if status and self._output.last_line else ""
        return f"ended with exit status {status}{last_words}"

    async def _watch(self, child: Child) -> str:
        """Return when the process must be ended, with the reason."""
        timing = self._place.timing
        if silent := await self._until_started(child):
            return silent
        misses = 0
        while misses < self.process.misses:
            began = time.monotonic()
            health = await self._check(child)
            misses = misses + 1 if health.status == Status.DOWN else 0
            await asyncio.sleep(max(0.0, began + timing.probe_every_s - time.monotonic()))
        return f"did not answer for {misses * timing.probe_every_s:g} s"

    async def _until_started(self, child: Child) -> str:
        """Wait until it is healthy or says that it cannot be; empty, or why it must be ended."""
        timing = self._place.timing
        began = heard = told = time.monotonic()
        while True:
            health = await self._check(child)
            now = time.monotonic()
            if health.status == Status.OK:
                return self._started(now - began)
            if health.status == Status.FAILED:
                self._give_up_waiting(health.detail)
                return ""
            if health.status == Status.LOADING:
                heard = now
            elif now - heard > timing.start_silence_s:
                return f"did not answer within {timing.start_silence_s:g} s"
            if now - told > timing.still_starting_s:
                told = now
                why = health.detail or self.process.doing or "no answer yet"
                self._place.report(f"… still starting the {self.process.title} ({now - began:.0f} s): {why}")
            await asyncio.sleep(timing.start_poll_s)

    def _started(self, took_s: float) -> str:
        self._healthy_since = time.monotonic()
        self._failed_starts = 0
        self._place.report(f"The {self.process.title} is ready ({took_s:.1f} s)")
        self.start_problem = ""
        self._settled.set()
        return ""

    def _give_up_waiting(self, problem: str) -> None:
        self._place.report(f"Warning: the {self.process.title} cannot work. {problem}")
        self.start_problem = problem
        self._settled.set()

    async def _check(self, child: Child) -> Health:
        timeout_s = self._place.timing.probe_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await self.process.check(child.pid)
        except TimeoutError:
            return Health(Status.DOWN, f"No answer within {timeout_s:g} s.")
        except Exception:  # a mistake in a check must not leave the process without its watch
            logger.exception("The check of %s failed", self.process.name)
            return Health(Status.UNKNOWN, "Its check failed.")
