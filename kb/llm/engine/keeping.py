"""How much of what nobody works on is kept in the cache.

Every token kept there makes the evaluation of every new prompt a little slower, also where attention passes
over it: a thousand of them cost an eighth of the time that a prompt takes with a small model. So little is
kept, until a prompt comes that would have found much of itself among what was forgotten. Remembering what
went, to learn how much to keep, is known from adaptive replacement caches (Megiddo and Modha, 2003).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from kb.llm.engine.batches import reusable
from kb.llm.engine.units import same_until
from kb.llm.types import Span

# An ordinary prompt with its answer.
_LEAST_TOKENS = 1024
_REMEMBERED = 64
# Less of a prompt than this share is not worth that others become slower.
_MUCH = 1 / 4
# How fast less is kept again while nobody misses anything: half after about twenty prompts.
_DECAY = 1 / 32


class Keeping:
    """Learns from what was missed.

    Args:
        most: tokens that the cache has room for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowance = float(min(_LEAST_TOKENS, most))
        self._forgotten: deque[tuple[list[int], tuple[Span, ...]]] = deque(maxlen=_REMEMBERED)

    @property
    def allowance(self) -> int:
        """How many tokens may be kept that nobody works on, and no one else begins with."""
        return int(self._allowance)

    def forgot(self, tokens: Sequence[int], units: tuple[Span, ...]) -> None:
        """It went for want of allowance."""
        self._forgotten.append((list(tokens), units))

    def asked(self, tokens: list[int], units: tuple[Span, ...], found: int) -> None:
        """A prompt has come.

        Args:
            found: how many of its tokens were in the cache.
        """
        self._allowance -= _DECAY * (self._allowance - min(_LEAST_TOKENS, self._most))
        for gone in self._forgotten:
            if _common(*gone, tokens, units) - found > _MUCH * len(tokens):
                self._forgotten.remove(gone)
                self._allowance = min(self._allowance + 2 * len(gone[0]), float(self._most))
                return


def _common(gone: list[int], gone_units: tuple[Span, ...], tokens: list[int], units: tuple[Span, ...]) -> int:
    return reusable(gone[: same_until(gone_units, units)], tokens)
