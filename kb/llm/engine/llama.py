"""One model, one sequence at a time, with the prompt's prefix kept from question to question."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from kb.exceptions import PromptTooLongError
from kb.llm.engine.context import Context
from kb.llm.engine.generation import Emit, Job, Loaded, run
from kb.llm.engine.model import Model
from kb.llm.engine.prompt import tokenize_prompt
from kb.llm.engine.sequence import CachedSequence
from kb.llm.errors import ModelLoadError
from kb.llm.template import ChatTemplate
from kb.llm.types import (
    ChatMessage,
    ModelInfo,
    Prompt,
    Sampling,
)


class LlamaEngine:
    """Implements `kb.llm.types.Engine`. Returns from the constructor when the model is loaded and warm.

    One thread of its own owns the model: llama.cpp keeps a team of threads for each thread that calls it,
    and two teams would fight for the cores.

    Args:
        model_path: a file that `check_model_file` let pass.
        context_tokens: prompt and answer together; made smaller where the model was trained with less.
        threads: for the CPU.
        gpu_layers: how many layers go to the GPU; -1 is all.
        name: how clients see the model.
        stopping: set from another thread, it breaks off the loading, and later every generation.

    Raises:
        ModelLoadError: with the reason.
    """

    slots = 1

    def __init__(
        self,
        model_path: Path,
        context_tokens: int,
        threads: int,
        gpu_layers: int = 0,
        *,
        name: str = "",
        stopping: threading.Event | None = None,
    ) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopping = stopping or threading.Event()
        loaded: Future[Loaded] = Future()
        load = functools.partial(
            _load, model_path, context_tokens, threads, gpu_layers, name or model_path.stem, self._stopping
        )
        self._thread = threading.Thread(target=self._work, args=(load, loaded), name="llm", daemon=True)
        self._thread.start()
        self._loaded = loaded.result()

    @property
    def info(self) -> ModelInfo:
        return self._loaded.info

    @property
    def step_s(self) -> float:
        since_s = self._loaded.sequence.step_since_s
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

    def submit(self, prompt: Prompt, sampling: Sampling, emit: Emit) -> Job:
        job = Job(prompt, sampling, emit, self._stopping)
        self._jobs.put(job)
        return job

    def close(self, timeout_s: float) -> bool:
        self._stopping.set()
        self._jobs.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self, load: Callable[[], Loaded], loaded: Future[Loaded]) -> None:
        try:
            parts = load()
        except Exception as error:
            loaded.set_exception(error)
            return
        loaded.set_result(parts)
        while (job := self._jobs.get()) is not None:
            run(job, parts)
        parts.context.close()


def _load(
    path: Path, context_tokens: int, threads: int, gpu_layers: int, name: str, stopping: threading.Event
) -> Loaded:
    model = Model(path, gpu_layers, stopping)
    if not model.chat_template:
        raise ModelLoadError(f"{path} holds no chat template; it must be a model made for conversations.")
    template = ChatTemplate(model.chat_template, model.special_text("bos"), model.special_text("eos"))
    trained, note = model.trained_context, ""
    if 0 < trained < context_tokens:
        note = f"The context is {trained} tokens, not {context_tokens}: the model was trained with no more."
        context_tokens = trained
    context = Context(model, context_tokens, threads, flash=gpu_layers != 0)
    sequence = CachedSequence(context)
    info = ModelInfo(name, "cuda" if gpu_layers else "cpu", context_tokens, note)
    # The first call walks through the whole vocabulary; no question should wait for it.
    filler = min(set(range(model.vocabulary_size)) - model.control_tokens)
    sequence.warm_up(filler)
    return Loaded(model, template, context, sequence, info)
