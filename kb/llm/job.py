"""One question at the model server, from the waiting line to its last word."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from kb.llm.queue import WaitingLine
from kb.llm.types import (
    Began,
    Engine,
    EngineEvent,
    Failed,
    Finished,
    Generation,
    Piece,
    Prompt,
    Sampling,
    Scores,
    Usage,
)


@dataclass(frozen=True)
class Moved:
    """The place in the line: how many prompts come before; 0 is being served."""

    position: int


@dataclass(frozen=True)
class Still:
    """Nothing happened for a while; the place in the line is still the same."""

    position: int


JobEvent = Moved | Still | Piece | Scores | Finished | Failed


@dataclass
class Times:
    """When things happened, in seconds of one clock that never goes back; 0 while they have not."""

    joined_s: float
    served_s: float = 0.0
    began_s: float = 0.0
    ended_s: float = 0.0

    @property
    def queue_s(self) -> float:
        """From the request to a slot."""
        return self.served_s - self.joined_s

    @property
    def first_token_s(self) -> float:
        """From the request to the first token."""
        return self.began_s - self.joined_s

    def token_s(self, tokens: int) -> float:
        """For each token of the answer after the first, on average."""
        return (self.ended_s - self.began_s) / max(tokens - 1, 1)


class Job:
    """Belongs to one event loop; only the engine's events come from another thread.

    Args:
        user: who asks; empty when nobody knows.
        on_end: called once, with the last event.

    Attributes:
        times: filled in as it goes.
        begun: what the prompt has cost, once it is evaluated.

    Raises:
        LLMBusyError: the line is full.
    """

    def __init__(
        self,
        engine: Engine,
        line: WaitingLine,
        prompt: Prompt,
        sampling: Sampling,
        user: str = "",
        on_end: Callable[[Times, Finished | Failed], None] = lambda times, event: None,
    ) -> None:
        self._engine = engine
        self._line = line
        self._prompt = prompt
        self._sampling = sampling
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[JobEvent] = asyncio.Queue()
        self._generation: Generation | None = None
        self._is_over = False
        self.times = Times(time.monotonic())
        self.begun: Usage | None = None
        self._ticket = line.join(self._moved, self._served, user)

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

    def _served(self) -> None:
        self.times.served_s = time.monotonic()
        self._generation = self._engine.submit(self._prompt, self._sampling, self._emit)

    def _emit(self, event: EngineEvent) -> None:
        """Called from the engine's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends, nobody listens
            self._loop.call_soon_threadsafe(self._receive, event)

    def _receive(self, event: EngineEvent) -> None:
        if isinstance(event, Finished | Failed):
            self._finish(event)
        elif isinstance(event, Began):
            self.times.began_s = time.monotonic()
            self.begun = Usage(len(self._prompt.tokens), event.cached_tokens, 0)
            self._line.evaluated(self._ticket)
        else:
            self._events.put_nowait(event)

    def _finish(self, event: Finished | Failed) -> None:
        self._is_over = True
        self.times.ended_s = time.monotonic()
        self._events.put_nowait(event)
        self._line.leave(self._ticket)
        self._on_end(self.times, event)
