"""The model server without HTTP: the model's life and the line before it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from kb.exceptions import KBError
from kb.llm.errors import ModelLoadError, ModelLoadingError
from kb.llm.job import Job
from kb.llm.metrics import Metrics
from kb.llm.queue import WaitingLine
from kb.llm.requests import ChatRequest, ScoreRequest
from kb.llm.types import Engine, Prompt, Sampling

logger = logging.getLogger(__name__)

# A step of the engine is a fraction of a second of work; this is no slow machine any more.
STALL_S = 120.0

LoadEngine = Callable[[threading.Event], Engine]


class Station:
    """Owns the engine and decides who uses it. Belongs to one event loop.

    Args:
        load: makes the engine, in a thread. When the event is set, the loading should end, and later every
            generation.
        waiting_limit: how many may wait while all slots are taken.
        on_stall: called when the engine hangs in native code, where nothing can interrupt it.
        watch_s: how often that is looked at, and a model that could not be loaded.
        version: of the model there is, by which one that was mended is told; called in a thread.

    Attributes:
        is_stopped: False while a thread may still be in native code.
        line: who is served and who waits.
        metrics: of all answers so far.
    """

    def __init__(
        self,
        load: LoadEngine,
        waiting_limit: int,
        on_stall: Callable[[], None],
        watch_s: float = 5.0,
        version: Callable[[], object] = lambda: None,
    ) -> None:
        self._load = load
        self._on_stall = on_stall
        self._watch_s = watch_s
        self._version = version
        self._tried: object = None
        self._waiting_limit = waiting_limit
        self._stopping = threading.Event()
        self._engine: Engine | None = None
        self._failure: KBError | None = None
        self._watch: asyncio.Task[None] | None = None
        self._loader: threading.Thread | None = None
        self.is_stopped = True
        self.line = WaitingLine(1, waiting_limit)
        self.metrics = Metrics()

    def start(self) -> None:
        """Begin to load, in the background. Needs the running event loop."""
        self.is_stopped = False
        self._begin_to_load()
        self._watch = asyncio.get_running_loop().create_task(self._watch_over())

    def break_off(self) -> None:
        """End the loading and every answer soon; may be called from a signal handler."""
        self._stopping.set()

    async def stop(self, timeout_s: float) -> None:
        """Break everything off, and wait so long at most for the threads to notice."""
        self.break_off()
        if self._watch is not None:
            self._watch.cancel()
        if self._engine is not None:
            self.is_stopped = await asyncio.to_thread(self._engine.close, timeout_s)
        elif self._loader is not None:
            await asyncio.to_thread(self._loader.join, timeout_s)
            self.is_stopped = not self._loader.is_alive()

    @property
    def is_ready(self) -> bool:
        return self._engine is not None

    @property
    def engine(self) -> Engine:
        """Raises ModelLoadingError or ModelLoadError while there is none."""
        if self._engine is not None:
            return self._engine
        raise self._failure or ModelLoadingError()

    async def prepare(self, request: ChatRequest) -> tuple[Prompt, Sampling]:
        """Tokenize and compile in a thread, and refuse what the engine could not take anyway.

        Raises:
            LLMBusyError: nobody else may wait.
            LLMUnavailableError: there is no model.
            PromptTooLongError: see `Engine.prepare`.
            InvalidInputError: likewise.
        """
        engine = self.engine
        self.line.check_room(request.user)
        return await asyncio.to_thread(_prepare, engine, request)

    async def prepare_score(self, request: ScoreRequest) -> Prompt:
        """The same for continuations, which wait in the same line; raises as `prepare` does."""
        engine = self.engine
        self.line.check_room(request.user)
        return await asyncio.to_thread(engine.prepare, request.messages, None, request.continuations)

    def enter(self, prompt: Prompt, sampling: Sampling, user: str) -> Job:
        """Join the line; raises LLMBusyError when it is full. The caller must `cancel` the job in the end."""
        return Job(self.engine, self.line, prompt, sampling, user, self.metrics.ended)

    def metrics_text(self) -> bytes:
        """In Prometheus' text format."""
        return self.metrics.text(self._engine, self.line)

    def _begin_to_load(self) -> None:
        self._failure = None
        # A daemon: a model that is being read cannot hold up the end of the process.
        self._loader = threading.Thread(
            target=self._load_in_thread, args=(asyncio.get_running_loop(),), name="llm-load", daemon=True
        )
        self._loader.start()

    def _load_in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        self._tried = self._version()
        try:
            outcome: Engine | KBError = self._load(self._stopping)
        except KBError as error:
            logger.error("The language model is not available: %s", error.message)
            outcome = error
        except Exception as error:
            logger.exception("Loading the language model failed")
            outcome = ModelLoadError(f"Loading failed: {type(error).__name__}: {error}")
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends meanwhile
            loop.call_soon_threadsafe(self._loaded, outcome)

    def _loaded(self, outcome: Engine | KBError) -> None:
        if isinstance(outcome, KBError):
            self._failure = outcome
            return
        self.line = WaitingLine(outcome.slots, self._waiting_limit)
        self._engine = outcome

    async def _watch_over(self) -> None:
        seen: object = None
        while True:
            await asyncio.sleep(self._watch_s)
            if self._failure is not None:
                before, seen = seen, await asyncio.to_thread(self._version)
                # The same twice: nobody is still writing it.
                if seen != self._tried and seen == before:
                    logger.info("The model has changed; loading it anew.")
                    self._begin_to_load()
            if self._engine is not None and self._engine.step_s > STALL_S:
                logger.critical("The model has been in one step for over %d s; giving up.", STALL_S)
                self._on_stall()
                return


def _prepare(engine: Engine, request: ChatRequest) -> tuple[Prompt, Sampling]:
    prompt = engine.prepare(request.messages, request.max_tokens)
    if request.form is None:
        return prompt, request.sampling
    return prompt, replace(request.sampling, grammar=engine.compile(request.form))
