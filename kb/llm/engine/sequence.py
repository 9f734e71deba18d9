"""The one sequence in the KV cache, and the tokens that are in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kb.llm.engine.batches import BatchSize, reusable
from kb.llm.engine.context import MAX_BATCH, Context

_WARM_UP_TOKENS = 64


class CachedSequence:
    """Belongs to the context's thread.

    Attributes:
        step_since_s: when the evaluation that runs now began, by the monotonic clock; None between two.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tokens: list[int] = []
        self._batch_size = BatchSize(MAX_BATCH)
        self.step_since_s: float | None = None

    def warm_up(self, token: int) -> None:
        """Read the weights from disk and learn the machine's speed, so that the first question need not."""
        self.extend([token] * _WARM_UP_TOKENS, lambda: False)
        self.extend([token] * _WARM_UP_TOKENS, lambda: False)
        self.reset()

    def reuse(self, tokens: Sequence[int]) -> int:
        """Forget all but the prefix that these tokens share, and tell how many of them it covers."""
        kept = reusable(self._tokens, tokens)
        if not self._context.keep(kept):
            kept = 0
        del self._tokens[kept:]
        return kept

    def extend(self, tokens: Sequence[int], is_cancelled: Callable[[], bool]) -> bool:
        """Evaluate the rest of a prompt, for `Sampler.sample`. False: it was cancelled on the way."""
        start = 0
        while start < len(tokens):
            if is_cancelled():
                return False
            end = start + self._batch_size.next(len(tokens) - start)
            duration_s = self._evaluate(tokens[start:end], wants_logits=end == len(tokens))
            self._batch_size.note(end - start, duration_s)
            start = end
        return True

    def append(self, token: int) -> None:
        """Evaluate the token that was just sampled."""
        self._evaluate([token], wants_logits=True)

    def reset(self) -> None:
        """Forget everything; after an error nobody knows what the cache holds."""
        self._tokens.clear()
        self._context.clear()

    def _evaluate(self, tokens: Sequence[int], *, wants_logits: bool) -> float:
        """Returns the seconds it took."""
        self.step_since_s = started_s = time.monotonic()
        try:
            self._context.evaluate(tokens, len(self._tokens), wants_logits=wants_logits)
        finally:
            self.step_since_s = None
        self._tokens += tokens
        return time.monotonic() - started_s
