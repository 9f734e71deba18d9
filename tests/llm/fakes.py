"""An engine that says what the test tells it, and the server on it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import uvicorn

from kb.exceptions import InvalidInputError, KBError, PromptTooLongError
from kb.llm.server import LLMServer
from kb.llm.station import LoadEngine, Station
from kb.llm.types import (
    Began,
    ChatMessage,
    EngineEvent,
    Failed,
    Finished,
    FinishReason,
    Grammar,
    ModelInfo,
    Piece,
    Prompt,
    Sampling,
    Scores,
    Usage,
    Work,
)

TOKEN = "a token of this installation"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
CONTEXT_TOKENS = 100
# A test machine may stand still for seconds; what should happen gets this long.
PATIENT_S = 60.0
T = TypeVar("T")


class FakeGeneration:
    """Says nothing until told to. Obeys a cancel at once unless it is stubborn."""

    def __init__(
        self, prompt: Prompt, sampling: Sampling, emit: Callable[[EngineEvent], None], stubborn: bool
    ) -> None:
        self.prompt = prompt
        self.sampling = sampling
        self.is_cancelled = False
        self._emit = emit
        self._stubborn = stubborn
        self._said = 0
        self._is_over = False

    def say(self, *texts: str) -> None:
        if not self._said:
            self._emit(Began(2))
        for text in texts:
            self._said += 1
            self._emit(Piece(text))

    def finish(self, reason: FinishReason = "stop") -> None:
        if not self._is_over:
            self._is_over = True
            self._emit(Finished(Usage(len(self.prompt.tokens), 2, self._said), reason))

    def score(self, *logprobs: tuple[float, ...]) -> None:
        self._emit(Began(2))
        self._emit(Scores(logprobs))
        self.finish("scored")

    def fail(self, error: KBError) -> None:
        self._is_over = True
        self._emit(Failed(error))

    def cancel(self) -> None:
        self.is_cancelled = True
        if not self._stubborn:
            self.finish("cancelled")


class FakeEngine:
    """Every word is a token.

    Attributes:
        script: what every generation says at once; nothing, and the test does it.
        stubborn: generations do not end when cancelled.
    """

    work = Work(batches=3, prompt_rows=40, answer_rows=6, drafted_rows=9, accepted_rows=7)

    def __init__(self, script: Sequence[str] = (), note: str = "", slots: int = 1) -> None:
        self.slots = slots
        self.info = ModelInfo("fake-model", "cpu", CONTEXT_TOKENS, note)
        self.script = script
        self.stubborn = False
        self.step_s = 0.0
        self.generations: list[FakeGeneration] = []

    def prepare(
        self, messages: Sequence[ChatMessage], max_tokens: int | None, continuations: Sequence[str] = ()
    ) -> Prompt:
        words = [word for message in messages for word in message.content.split()]
        if len(words) + (max_tokens or 1) > CONTEXT_TOKENS:
            raise PromptTooLongError(f"{len(words)} and {CONTEXT_TOKENS}")
        scored = tuple(tuple(range(len(text.split()))) for text in continuations)
        return Prompt(tuple(range(len(words))), max_tokens or CONTEXT_TOKENS - len(words), scored)

    def compile(self, form: str) -> Grammar:
        raise InvalidInputError(f"This engine knows no forms: {form}")

    def submit(
        self, prompt: Prompt, sampling: Sampling, emit: Callable[[EngineEvent], None]
    ) -> FakeGeneration:
        made = FakeGeneration(prompt, sampling, emit, self.stubborn)
        self.generations.append(made)
        if self.script:
            made.say(*self.script)
            made.finish()
        return made

    def close(self, timeout_s: float) -> bool:
        for generation in self.generations:
            generation.finish("cancelled")
        return True

    def generation(self, number: int) -> FakeGeneration:
        """The generation with this number, from 0, as soon as it has begun."""
        eventually(lambda: len(self.generations) > number)
        return self.generations[number]


class Running:
    """The server on a free port, in a thread."""

    def __init__(self, load: LoadEngine, waiting_limit: int = 2) -> None:
        self.station = Station(load, waiting_limit, on_stall=lambda: None)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        app = LLMServer(self.station, TOKEN).app()
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self.socket]})
        self._thread.start()
        eventually(lambda: self._server.started)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.socket.close()


def eventually(look: Callable[[], T], within_s: float = PATIENT_S) -> T:
    """What `look` gives as soon as it gives anything true."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
    return found
