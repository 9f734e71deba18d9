"""One question at the model server, from the waiting line to its last word."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from kb.llm.queue import WaitingLine
from kb.llm.types import Engine, EngineEvent, Failed, Finished, Generation, Piece, Prompt, Sampling, Usage


@dataclass(frozen=True)
class Moved:
    """The place in the line: 0 is being served, 1 is next."""

    position: int


@dataclass(frozen=True)
class Still:
    """Nothing happened for a while; the place in the line is still the same."""

    position: int


JobEvent = Moved | Still | Piece | Finished | Failed


class Job:
    """Belongs to one event loop; only the engine's events come from another thread.

    Raises:
        LLMBusyError: the line is full.
    """

    def __init__(self, engine: Engine, line: WaitingLine, prompt: Prompt, sampling: Sampling) -> None:
        self._engine = engine
        self._line = line
        self._prompt = prompt
        self._sampling = sampling
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[JobEvent] = asyncio.Queue()
        self._generation: Generation | None = None
        self._is_over = False
        self._ticket = line.join(self._moved)

    async def events(self, patience_s: float) -> AsyncIterator[JobEvent]:
        """Everything that happens, up to and with Finished or Failed.

        Args:
            patience_s: after so long without an event, `Still` comes.
        """
        position = 0
        while True:
            try:
                event = await asyncio.wait_for(self._events.get(), patience_s)
            except TimeoutError:
                event = Still(position)
            if isinstance(event, Moved):
                position = event.position
            yield event
            if isinstance(event, Finished | Failed):
                return

    def cancel(self) -> None:
        """Leave the line, or make the engine stop; the slot is free when the engine says so."""
        if self._generation is not None:
            self._generation.cancel()
        elif not self._is_over:
            self._finish(Finished(Usage(len(self._prompt.tokens), 0, 0), "cancelled"))

    def _moved(self, position: int) -> None:
        self._events.put_nowait(Moved(position))
        if position == 0:
            self._generation = self._engine.submit(self._prompt, self._sampling, self._emit)

    def _emit(self, event: EngineEvent) -> None:
        """Called from the engine's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends, nobody listens
            self._loop.call_soon_threadsafe(self._receive, event)

    def _receive(self, event: EngineEvent) -> None:
        if isinstance(event, Finished | Failed):
            self._finish(event)
        else:
            self._events.put_nowait(event)

    def _finish(self, event: Finished | Failed) -> None:
        self._is_over = True
        self._events.put_nowait(event)
        self._line.leave(self._ticket)
