"""The engine: one model, and one thread that evaluates batch after batch."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from kb.exceptions import PromptTooLongError
from kb.llm.engine.batches import Pace
from kb.llm.engine.constrained import Compiler, Grammar
from kb.llm.engine.context import MAX_BATCH, Context
from kb.llm.engine.generation import Emit, Job
from kb.llm.engine.model import Model
from kb.llm.engine.prompt import tokenize_prompt
from kb.llm.engine.residents import Residents
from kb.llm.engine.scheduler import Scheduler, sequences_for
from kb.llm.engine.warm_up import warm_up
from kb.llm.errors import ModelLoadError
from kb.llm.memory import cells_for
from kb.llm.template import ChatTemplate
from kb.llm.types import ChatMessage, ModelInfo, Prompt, Sampling, Work


@dataclass(frozen=True)
class Shape:
    """How much is held and done at once.

    Attributes:
        context_tokens: prompt and answer together, at most; made smaller where the model was trained with
            less.
        slots: how many answers decode together.
        cache_tokens: what all of them have room for together, and what was asked before; 0 chooses.
        threads: for the CPU.
        gpu_layers: how many layers go to the GPU; -1 is all.
    """

    context_tokens: int
    slots: int
    cache_tokens: int = 0
    threads: int = 1
    gpu_layers: int = 0

    def within(self, trained: int) -> Shape:
        """With a context that the model was trained with, and a number of tokens for the cache."""
        context = min(self.context_tokens, trained) if trained > 0 else self.context_tokens
        cells = cells_for(context, self.slots, self.cache_tokens)
        return replace(self, context_tokens=context, cache_tokens=cells)


@dataclass(frozen=True)
class _Loaded:
    """What the engine's thread works with. Others read only the model's vocabulary and the template."""

    model: Model
    template: ChatTemplate
    compiler: Compiler
    context: Context
    scheduler: Scheduler
    shape: Shape
    info: ModelInfo


class LlamaEngine:
    """Implements `kb.llm.types.Engine`. Returns from the constructor when the model is loaded and warm.

    One thread of its own owns the model: llama.cpp keeps a team of threads for each thread that calls it,
    and two teams would fight for the cores.

    Args:
        model_path: a file that `check_model_file` let pass.
        name: how clients see the model.
        stopping: set from another thread, it breaks off the loading, and later every generation.

    Raises:
        ModelLoadError: with the reason.
    """

    def __init__(
        self, model_path: Path, shape: Shape, *, name: str = "", stopping: threading.Event | None = None
    ) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopping = stopping or threading.Event()
        loaded: Future[_Loaded] = Future()
        load = functools.partial(_load, model_path, shape, name or model_path.stem, self._stopping)
        self._thread = threading.Thread(target=self._work, args=(load, loaded), name="llm", daemon=True)
        self._thread.start()
        self._loaded = loaded.result()

    @property
    def slots(self) -> int:
        return self._loaded.shape.slots

    @property
    def residents(self) -> Residents:
        """What is in the cache; changes under whoever looks while somebody is being answered."""
        return self._loaded.scheduler.residents

    @property
    def work(self) -> Work:
        return self._loaded.scheduler.work

    @property
    def info(self) -> ModelInfo:
        return self._loaded.info

    @property
    def step_s(self) -> float:
        since_s = self._loaded.scheduler.step_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def prepare(self, messages: Sequence[ChatMessage], max_tokens: int | None) -> Prompt:
        fragments = self._loaded.template.render(messages)
        tokens = tuple(tokenize_prompt(self._loaded.model, fragments))
        context = self.info.context_tokens
        wanted = 1 if max_tokens is None else max_tokens
        if len(tokens) + wanted > context:
            raise PromptTooLongError(
                f"The prompt has {len(tokens)} tokens and the answer may have {wanted}; "
                f"together they must fit into the model's context of {context}.",
                prompt_tokens=len(tokens),
                context_tokens=context,
            )
        return Prompt(tokens, context - len(tokens) if max_tokens is None else max_tokens)

    def compile(self, form: str) -> Grammar:
        return self._loaded.compiler.compile(form)

    def submit(self, prompt: Prompt, sampling: Sampling, emit: Emit) -> Job:
        job = Job(prompt, sampling, emit, self._stopping)
        self._jobs.put(job)
        return job

    def close(self, timeout_s: float) -> bool:
        self._stopping.set()
        self._jobs.put(None)
        self._loaded.compiler.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self, load: Callable[[], _Loaded], loaded: Future[_Loaded]) -> None:
        try:
            parts = load()
        except Exception as error:
            loaded.set_exception(error)
            return
        loaded.set_result(parts)
        while self._take_in(parts.scheduler):
            parts.scheduler.step()
        parts.context.close()

    def _take_in(self, scheduler: Scheduler) -> bool:
        """Everyone who has come meanwhile; waits where there is nothing to do. False: it is the end."""
        while scheduler.is_idle or not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                # Everyone is cancelled by now, and is told so.
                while not scheduler.is_idle:
                    scheduler.step()
                return False
            scheduler.add(job)
        return True


def _load(path: Path, shape: Shape, name: str, stopping: threading.Event) -> _Loaded:
    model = Model(path, shape.gpu_layers, stopping)
    if not model.chat_template:
        raise ModelLoadError(f"{path} holds no chat template; it must be a model made for conversations.")
    template = ChatTemplate(model.chat_template, model.special_text("bos"), model.special_text("eos"))
    wanted, shape, note = shape.context_tokens, shape.within(model.trained_context), ""
    if (tokens := shape.context_tokens) < wanted:
        note = f"The context is {tokens} tokens, not {wanted}: the model was trained with no more."
    flash = shape.gpu_layers != 0 or shape.slots > 1
    context = Context(model, shape.cache_tokens, sequences_for(shape.slots), shape.threads, flash=flash)
    pace = Pace(MAX_BATCH)
    warm_up(context, pace, min(set(range(model.vocabulary_size)) - model.control_tokens), shape.slots)
    scheduler = Scheduler(context, model, shape.slots, shape.cache_tokens, pace)
    info = ModelInfo(name, "cuda" if shape.gpu_layers else "cpu", shape.context_tokens, note)
    return _Loaded(model, template, Compiler(model), context, scheduler, shape, info)
