"""One answer, made in the engine's thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kb.exceptions import LLMUnavailableError
from kb.llm.engine.context import Context, Sampler
from kb.llm.engine.model import Model
from kb.llm.engine.sequence import CachedSequence
from kb.llm.stopping import TextStream
from kb.llm.template import ChatTemplate
from kb.llm.types import (
    EngineEvent,
    Failed,
    Finished,
    FinishReason,
    ModelInfo,
    Piece,
    Prompt,
    Sampling,
    Usage,
)

logger = logging.getLogger(__name__)

Emit = Callable[[EngineEvent], None]


class Job:
    def __init__(self, prompt: Prompt, sampling: Sampling, emit: Emit, stopping: threading.Event) -> None:
        self.prompt = prompt
        self.sampling = sampling
        self.emit = emit
        self._stopping = stopping
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        return self._cancelled.is_set() or self._stopping.is_set()


@dataclass(frozen=True)
class Loaded:
    """What the engine's thread works with. Others read only the model's vocabulary and the template."""

    model: Model
    template: ChatTemplate
    context: Context
    sequence: CachedSequence
    info: ModelInfo


def run(job: Job, parts: Loaded) -> None:
    try:
        job.emit(_answer(job, parts))
    except Exception:
        logger.exception("A generation failed")
        parts.sequence.reset()
        job.emit(Failed(LLMUnavailableError("The language model failed. Try again.")))


def _answer(job: Job, parts: Loaded) -> Finished:
    tokens, sequence = job.prompt.tokens, parts.sequence
    cached = sequence.reuse(tokens)
    answer = _Answer(job)
    if sequence.extend(tokens[cached:], job.is_cancelled):
        with parts.context.sampler(job.sampling) as sampler:
            answer.decode(sampler, parts)
    return Finished(Usage(len(tokens), cached, answer.tokens), answer.reason)


class _Answer:
    """The text of one answer as it grows.

    Attributes:
        tokens: sampled so far, without the one that ends the answer.
        reason: why it ended.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._text = TextStream(job.sampling.stop)
        self.tokens = 0
        self.reason: FinishReason = "cancelled"

    def decode(self, sampler: Sampler, parts: Loaded) -> None:
        """Sample until the end of the answer. The last evaluated token must have its logits."""
        while not self._job.is_cancelled():
            token = sampler.sample()
            if parts.model.is_end(token):
                self._end("stop")
                return
            self.tokens += 1
            self._emit(self._text.feed(parts.model.piece(token)))
            if self._text.stopped:
                self.reason = "stop"
                return
            if self.tokens == self._job.prompt.max_tokens:
                self._end("length")
                return
            parts.sequence.append(token)

    def _end(self, reason: FinishReason) -> None:
        self._emit(self._text.end())
        self.reason = reason

    def _emit(self, text: str) -> None:
        if text:
            self._job.emit(Piece(text))
