"""Drawing the next token from logits."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as native

from kb.llm.engine.generation import Sampler
from kb.llm.engine.words import Words
from kb.llm.errors import GrammarError
from kb.llm.grammar.matcher import Matcher
from kb.llm.types import Sampling

# A draw from the whole vocabulary takes a millisecond at most, looking at all of its tokens a hundred.
_TRIES = 16

Logits = Callable[[int], npt.NDArray[np.float32]]


class Vocabulary(Protocol):
    @property
    def words(self) -> Words: ...


def make_sampler(context: object, logits: Logits, sampling: Sampling, vocabulary: Vocabulary) -> Sampler:
    """A sampler for one answer. Belongs to the context's thread.

    Args:
        context: llama.cpp's handle.
        logits: float32 [vocabulary] of a row of the last batch; what is written there is what is drawn from.
    """
    drawn: Sampler = GreedySampler(logits) if sampling.temperature == 0 else ChainSampler(context, sampling)
    if sampling.grammar is not None:
        drawn = ConstrainedSampler(drawn, logits, Matcher(sampling.grammar), vocabulary.words)
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


class ConstrainedSampler:
    """Draws only what a grammar allows.

    Nearly always that is what would have been drawn anyway, so the others are looked at only when it is not.
    The grammar goes on with each token that is drawn. Drafts can be verified row by row as without one: a
    token that is drawn is a part of the answer, whether it was drafted or not.
    """

    def __init__(self, inner: Sampler, logits: Logits, matcher: Matcher, words: Words) -> None:
        self._inner = inner
        self._logits = logits
        self._matcher = matcher
        self._words = words

    def draw(self, row: int) -> int:
        """Raises GrammarError when no token is allowed."""
        token = self._inner.draw(row)
        if not self._words.allowed(self._matcher, token):
            token = self._draw_allowed(row)
        self._words.accept(self._matcher, token)
        return token

    def close(self) -> None:
        self._inner.close()

    def _draw_allowed(self, row: int) -> int:
        """Drawing again without what was refused draws from what is allowed, in its own proportions."""
        logits = self._logits(row)
        logits[~self._words.possible(self._matcher)] = -np.inf
        for _ in range(_TRIES):
            token = self._draw_possible(row, logits)
            if self._words.allowed(self._matcher, token):
                return token
            logits[token] = -np.inf
        for other in np.flatnonzero(np.isfinite(logits)):
            if not self._words.allowed(self._matcher, int(other)):
                logits[other] = -np.inf
        return self._draw_possible(row, logits)

    def _draw_possible(self, row: int, logits: npt.NDArray[np.float32]) -> int:
        if not np.isfinite(logits).any():
            raise GrammarError("The grammar allows nothing that this model could write next.")
        return self._inner.draw(row)


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
