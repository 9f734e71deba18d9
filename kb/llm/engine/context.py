"""Evaluating tokens: the KV cache of one sequence, and sampling from the last logits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from llama_cpp import llama_cpp as native

from kb.llm.engine.model import Model
from kb.llm.errors import ModelLoadError
from kb.llm.types import Sampling

MAX_BATCH = 512
_SEQUENCE = 0


class Context:
    """Belongs to one thread.

    Args:
        threads: for the CPU.
        flash: flash attention. On a CPU it saves a tenth of the prompt's time, but its sums depend on how
            the prompt was cut into batches, so that the same question could get another answer once its
            prefix is cached; without it they do not.

    Raises:
        ModelLoadError: there is not enough memory for the context.
    """

    def __init__(self, model: Model, context_tokens: int, threads: int, *, flash: bool) -> None:
        self._model = model
        parameters = native.llama_context_default_params()
        parameters.n_ctx = context_tokens
        parameters.n_batch = parameters.n_ubatch = MAX_BATCH
        parameters.n_seq_max = 1
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = (
            native.LLAMA_FLASH_ATTN_TYPE_AUTO if flash else native.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        # A sliding window would forget the prefix that the next question shares.
        parameters.swa_full = True
        parameters.no_perf = True
        self._handle = native.llama_init_from_model(model.handle, parameters)
        if not self._handle:
            raise ModelLoadError(f"There is not enough memory for a context of {context_tokens} tokens.")
        self._memory = native.llama_get_memory(self._handle)
        self._batch = native.llama_batch_init(MAX_BATCH, 0, 1)

    def close(self) -> None:
        native.llama_batch_free(self._batch)
        native.llama_free(self._handle)

    def evaluate(self, tokens: Sequence[int], position: int, *, wants_logits: bool) -> None:
        """Append at most MAX_BATCH tokens to the sequence.

        Args:
            position: of the first one.
            wants_logits: of the last one, for `Sampler.sample`; of more they would cost twice the time.
        """
        batch, count = self._batch, len(tokens)
        batch.n_tokens = count
        for at, token in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = position + at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = _SEQUENCE
            batch.logits[at] = 0
        batch.logits[count - 1] = int(wants_logits)
        status = native.llama_decode(self._handle, batch)
        if status != 0:
            raise RuntimeError(f"llama_decode of {count} tokens at {position} answered {status}.")

    def keep(self, count: int) -> bool:
        """Forget all but the first tokens. False: this kind of model cannot; everything is forgotten."""
        if native.llama_memory_seq_rm(self._memory, _SEQUENCE, count, -1):
            return True
        self.clear()
        return False

    def clear(self) -> None:
        native.llama_memory_clear(self._memory, False)

    def sampler(self, sampling: Sampling) -> Sampler:
        return Sampler(self._handle, sampling)


class Sampler:
    """Draws tokens from the logits of the last evaluated one. Use as a context manager."""

    def __init__(self, context: object, sampling: Sampling) -> None:
        self._context = context
        self._chain = native.llama_sampler_chain_init(native.llama_sampler_chain_default_params())
        for part in _parts(sampling):
            native.llama_sampler_chain_add(self._chain, part)

    def __enter__(self) -> Sampler:
        return self

    def __exit__(self, *error: object) -> None:
        native.llama_sampler_free(self._chain)

    def sample(self) -> int:
        return int(native.llama_sampler_sample(self._chain, self._context, -1))


def _parts(sampling: Sampling) -> list[object]:
    if sampling.temperature == 0:
        return [native.llama_sampler_init_greedy()]
    seed = secrets.randbits(32) if sampling.seed is None else sampling.seed
    return [
        native.llama_sampler_init_temp(sampling.temperature),
        native.llama_sampler_init_top_p(sampling.top_p, 1),
        native.llama_sampler_init_dist(seed),
    ]
