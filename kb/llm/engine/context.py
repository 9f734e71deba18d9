"""Evaluating batches: the KV cache, which several sequences share, and the logits of the last batch."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as native

from kb.llm.engine.generation import Sampler
from kb.llm.engine.model import Model
from kb.llm.engine.part import Row
from kb.llm.engine.sampling import make_sampler
from kb.llm.errors import ModelLoadError
from kb.llm.types import Sampling

# Larger batches are not faster on a CPU, and take larger buffers.
MAX_BATCH = 256


class Context:
    """Implements `kb.llm.engine.scheduler.Decoder`. Belongs to one thread.

    Args:
        cells: tokens that the cache has room for.
        sequences: how many may share it.
        threads: for the CPU.
        flash: flash attention, which passes over the cells of other sequences. Without it, an answer becomes
            the slower the more is kept for others. But its sums depend on how a prompt was cut into
            batches, even with a single sequence.

    Raises:
        ModelLoadError: there is not enough memory for the cache.
    """

    def __init__(self, model: Model, cells: int, sequences: int, threads: int, *, flash: bool) -> None:
        self._model = model
        parameters = native.llama_context_default_params()
        parameters.n_ctx = cells
        parameters.n_batch = parameters.n_ubatch = MAX_BATCH
        # One more is for rows on their way in or out.
        parameters.n_seq_max = sequences + 1
        # One buffer for all, so that what sequences share is there once.
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = (
            native.LLAMA_FLASH_ATTN_TYPE_AUTO if flash else native.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        # A sliding window would forget the prefix that the next question shares.
        parameters.swa_full = True
        parameters.no_perf = True
        self._handle = native.llama_init_from_model(model.handle, parameters)
        if not self._handle:
            raise ModelLoadError(f"There is not enough memory for a cache of {cells} tokens.")
        self._memory = native.llama_get_memory(self._handle)
        self._batch = native.llama_batch_init(MAX_BATCH, 0, 1)
        self._spare = sequences

    def close(self) -> None:
        native.llama_batch_free(self._batch)
        native.llama_free(self._handle)

    @property
    def can_share(self) -> bool:
        return not self._model.is_recurrent

    def decode(self, rows: Sequence[Row]) -> None:
        """Evaluate at most MAX_BATCH rows. With logits of every row a prompt would take twice the time."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for at, row in enumerate(rows):
            batch.token[at] = row.token
            batch.pos[at] = row.position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = row.sequence
            batch.logits[at] = row.wants_logits
        status = native.llama_decode(self._handle, batch)
        if status != 0:
            raise RuntimeError(f"llama_decode of {len(rows)} rows answered {status}.")
        # Without it, the time of a batch would be told as that of whoever first reads its logits.
        native.llama_synchronize(self._handle)

    @property
    def can_shift(self) -> bool:
        """Whether rows can be used at another position than the one they were evaluated at."""
        return self._spare > 1 and self.can_share and bool(native.llama_memory_can_shift(self._memory))

    def take(self, sequence: int, start: int, count: int) -> bytearray:
        """See `kb.llm.engine.stitching.Rows`."""
        native.llama_memory_seq_cp(self._memory, sequence, self._spare, start, start + count)
        try:
            rows = bytearray(native.llama_state_seq_get_size(self._handle, self._spare))
            buffer = (ctypes.c_uint8 * len(rows)).from_buffer(rows)
            size = native.llama_state_seq_get_data(self._handle, buffer, len(rows), self._spare)
        finally:
            self.forget(self._spare)
        if size != len(rows):
            raise RuntimeError(f"llama.cpp wrote {size} bytes of rows where it announced {len(rows)}.")
        return rows

    def stitch(self, sequence: int, rows: bytearray, skip: int, shift: int) -> bool:
        """See `kb.llm.engine.stitching.Rows`."""
        buffer = (ctypes.c_uint8 * len(rows)).from_buffer(rows)
        try:
            size = native.llama_state_seq_set_data(self._handle, buffer, len(rows), self._spare)
            if not size or size != len(rows):
                return False
            start = native.llama_memory_seq_pos_min(self._memory, self._spare)
            native.llama_memory_seq_rm(self._memory, self._spare, start, start + skip)
            # The turn is made with the next batch, once for everything that was moved.
            native.llama_memory_seq_add(self._memory, self._spare, -1, -1, shift)
            native.llama_memory_seq_cp(self._memory, self._spare, sequence, -1, -1)
        finally:
            self.forget(self._spare)
        return True

    def copy(self, source: int, target: int, count: int) -> None:
        native.llama_memory_seq_cp(self._memory, source, target, 0, count)

    def truncate(self, sequence: int, count: int) -> None:
        native.llama_memory_seq_rm(self._memory, sequence, count, -1)

    def forget(self, sequence: int) -> None:
        native.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def clear(self) -> None:
        native.llama_memory_clear(self._memory, False)

    def length(self, sequence: int) -> int:
        """How many tokens of the sequence are in the cache."""
        return int(native.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        """float32 [vocabulary] of one row of the last batch that wanted them; valid until the next batch."""
        pointer: Any = native.llama_get_logits_ith(self._handle, row)
        return np.ctypeslib.as_array(pointer, (self._model.vocabulary_size,))

    def sampler(self, sampling: Sampling) -> Sampler:
        return make_sampler(self._handle, self.logits, sampling)
