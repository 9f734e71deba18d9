"""Drawing the next token from logits."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as native

from kb.llm.engine.constrained import ConstrainedSampler
from kb.llm.engine.generation import Sampler
from kb.llm.types import Sampling

Logits = Callable[[int], npt.NDArray[np.float32]]


def make_sampler(context: object, logits: Logits, sampling: Sampling) -> Sampler:
    """A sampler for one answer. Belongs to the context's thread.

    Args:
        context: llama.cpp's handle.
        logits: float32 [vocabulary] of a row of the last batch; what is written there is what is drawn from.
    """
    drawn: Sampler = GreedySampler(logits) if sampling.temperature == 0 else ChainSampler(context, sampling)
    if sampling.grammar is not None:
        drawn = ConstrainedSampler(drawn, logits, sampling.grammar)
    if sampling.presence_penalty or sampling.frequency_penalty:
        return PenalisingSampler(drawn, logits, sampling)
    return drawn


class GreedySampler:
    """Always the most likely token. llama.cpp's own sampler first copies the whole vocabulary, each time."""

    def __init__(self, logits: Logits) -> None:
        self._logits = logits

    def draw(self, row: int) -> int:
        return int(np.argmax(self._logits(row)))

    def close(self) -> None:
        pass


class ChainSampler:
    """llama.cpp's own samplers, one after the other."""

    def __init__(self, context: object, sampling: Sampling) -> None:
        self._context = context
        self._chain = native.llama_sampler_chain_init(native.llama_sampler_chain_default_params())
        for part in _parts(sampling):
            native.llama_sampler_chain_add(self._chain, part)

    def draw(self, row: int) -> int:
        return int(native.llama_sampler_sample(self._chain, self._context, row))

    def close(self) -> None:
        native.llama_sampler_free(self._chain)


class PenalisingSampler:
    """Makes what the answer holds already less likely. llama.cpp's own changes its form between versions."""

    def __init__(self, inner: Sampler, logits: Logits, sampling: Sampling) -> None:
        self._inner = inner
        self._logits = logits
        self._presence = sampling.presence_penalty
        self._frequency = sampling.frequency_penalty
        self._drawn: Counter[int] = Counter()

    def draw(self, row: int) -> int:
        logits = self._logits(row)
        for token, count in self._drawn.items():
            logits[token] -= self._presence + self._frequency * count
        token = self._inner.draw(row)
        self._drawn[token] += 1
        return token

    def close(self) -> None:
        self._inner.close()


def _parts(sampling: Sampling) -> Iterator[object]:
    if sampling.top_k:
        yield native.llama_sampler_init_top_k(sampling.top_k)
    yield native.llama_sampler_init_temp(sampling.temperature)
    if sampling.min_p:
        yield native.llama_sampler_init_min_p(sampling.min_p, 1)
    yield native.llama_sampler_init_top_p(sampling.top_p, 1)
    seed = secrets.randbits(32) if sampling.seed is None else sampling.seed
    yield native.llama_sampler_init_dist(seed)
