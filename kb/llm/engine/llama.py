"""The engine: one model, and one thread that evaluates batch after batch."""

from __future__ import annotations

import functools
import hashlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import llama_cpp

from kb.exceptions import InvalidInputError, PromptTooLongError
from kb.llm.engine.batches import ALIGNMENT, Pace
from kb.llm.engine.constrained import Compiler, Grammar
from kb.llm.engine.context import MAX_BATCH, Context
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.model import Model
from kb.llm.engine.prompt import tokenize_content, tokenize_with_units
from kb.llm.engine.residents import Residents, sequences_for
from kb.llm.engine.row_costs import RowCosts
from kb.llm.engine.scheduler import Scheduler
from kb.llm.engine.scoring import GROUP_ROWS
from kb.llm.engine.task import Emit, Job
from kb.llm.engine.units import UnitStore, usable_units
from kb.llm.engine.warm_up import warm_up
from kb.llm.errors import ModelLoadError
from kb.llm.kept_rows import KeptRows
from kb.llm.memory import cells_for
from kb.llm.template import ChatTemplate
from kb.llm.template_trial import problem_of
from kb.llm.types import ChatMessage, ModelInfo, Prompt, Sampling, Work

# Of all continuations of one prompt.
_SCORED_TOKENS = 256


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
        drafts: guess tokens of answers that copy. Never with one slot, whose answers are the same to the last
            bit, and never for models that cannot forget the wrong ones.
        units_mib: for the rows of units; 0 evaluates them like the rest of a prompt.
        units_again: tokens of each unit that are evaluated again in their place.
        units_disk_mib: for the rows of units on the disk as well.
        units_folder: where.
    """

    context_tokens: int
    slots: int
    cache_tokens: int = 0
    threads: int = 1
    gpu_layers: int = 0
    drafts: bool = True
    units_mib: int = 0
    units_again: int = 0
    units_disk_mib: int = 0
    units_folder: Path = Path()

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

    def prepare(
        self, messages: Sequence[ChatMessage], max_tokens: int | None, continuations: Sequence[str] = ()
    ) -> Prompt:
        scored = tuple(tuple(tokenize_content(self._loaded.model, text)) for text in continuations)
        _check_lengths(scored)
        if scored:
            max_tokens = max(map(len, scored))
        fragments = self._loaded.template.render(messages)
        tokens, units = tokenize_with_units(self._loaded.model, fragments)
        context = self.info.context_tokens
        wanted = 1 if max_tokens is None else max_tokens
        if len(tokens) + wanted > context:
            raise PromptTooLongError(
                f"The prompt has {len(tokens)} tokens and the answer may have {wanted}; "
                f"together they must fit into the model's context of {context}.",
                prompt_tokens=len(tokens),
                context_tokens=context,
            )
        answer_tokens = context - len(tokens) if max_tokens is None else max_tokens
        # The logits after the last token are needed: the end of a prompt is always evaluated.
        return Prompt(tuple(tokens), answer_tokens, scored, usable_units(units, len(tokens) - ALIGNMENT))

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


def _check_lengths(continuations: Sequence[Sequence[int]]) -> None:
    """Raises InvalidInputError: what is scored is a word or a sentence, and others wait for it."""
    longest = max(map(len, continuations), default=1)
    total = sum(map(len, continuations))
    if min(map(len, continuations), default=1) == 0:
        raise InvalidInputError("A continuation has no tokens.")
    if longest > GROUP_ROWS:
        raise InvalidInputError(f"A continuation has {longest} tokens; it may have {GROUP_ROWS}.")
    if total > _SCORED_TOKENS:
        raise InvalidInputError(
            f"The continuations have {total} tokens together; they may have {_SCORED_TOKENS}."
        )


def _load(path: Path, shape: Shape, name: str, stopping: threading.Event) -> _Loaded:
    model = Model(path, shape.gpu_layers, stopping)
    if not model.chat_template:
        raise ModelLoadError(f"{path} holds no chat template; it must be a model made for conversations.")
    template = ChatTemplate(model.chat_template, model.special_text("bos"), model.special_text("eos"))
    if problem := problem_of(template.source, model.special_text("bos"), model.special_text("eos")):
        raise ModelLoadError(f"The chat template in {path} cannot be used: {problem}.")
    wanted, shape, note = shape.context_tokens, shape.within(model.trained_context), ""
    if (tokens := shape.context_tokens) < wanted:
        note = f"The context is {tokens} tokens, not {wanted}: the model was trained with no more."
    flash = shape.gpu_layers != 0 or shape.slots > 1
    context = Context(model, shape.cache_tokens, sequences_for(shape.slots), shape.threads, flash=flash)
    pace = Pace(MAX_BATCH)
    word = min(set(range(model.vocabulary_size)) - model.control_tokens)
    costs = RowCosts(warm_up(context, pace, word, shape.slots))
    several = shape.slots > 1 and context.can_share
    drafting = Drafting(costs) if shape.drafts and several else None
    shelf = _shelf(path, shape) if shape.units_disk_mib else None
    stitches = shape.units_mib and several and context.can_shift
    store = UnitStore(shape.units_mib << 20, shelf) if stitches else None
    scheduler = Scheduler(
        context,
        model,
        shape.slots,
        shape.cache_tokens,
        pace,
        drafting,
        store=store,
        again=shape.units_again,
    )
    info = ModelInfo(name, "cuda" if shape.gpu_layers else "cpu", shape.context_tokens, note)
    return _Loaded(model, template, Compiler(model), context, scheduler, shape, info)


def _shelf(path: Path, shape: Shape) -> KeptRows:
    """Named by all that rows depend on, beside the prefix and the tokens that their keys are made of."""
    file = path.stat()
    facts = (path.name, file.st_size, file.st_mtime_ns, llama_cpp.__version__, shape.gpu_layers)
    name = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    return KeptRows(shape.units_folder, name, shape.units_disk_mib << 20)
