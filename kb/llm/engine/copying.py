"""How likely an answer goes on to copy, and what it would say."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from kb.llm.engine.lookup import Lookup

# Shares of the expected tokens that came, by how many before them were the same: 2 or 3, from 4, from 8, from
# 16, from 32, 64. Counted in answers of the built-in model to questions about a handbook.
_COUNTED = (0.65, 0.75, 0.94, 0.96, 0.985, 0.99)
_CLASSES = len(_COUNTED)
# How many tokens the shares that one begins with are worth, and after how many it has forgotten most.
_WEIGHT = 6.0
_MEMORY = 64

# Shares do not tell everything: a list may leave its pattern at the same place of each line. What drafts of
# an answer promised and did not keep counts against its next ones as soon as it is much compared with this
# many tokens, and is forgiven bit by bit with each token.
_CREDIT = 20.0
_FORGIVEN = 0.99

Share = Callable[[int], float]


class Odds:
    """Which share of the expected tokens comes.

    It learns from every expectation, also where nothing was drafted, so that it notices when copying begins
    again.

    Args:
        before: the shares that it begins with, by class; kept as what they are now for a while.
    """

    def __init__(self, before: Share = _COUNTED.__getitem__) -> None:
        self._before = before
        self._came = [0.0] * _CLASSES
        self._expected = [0.0] * _CLASSES

    def note(self, matched: int, came: bool) -> None:
        """Learn from one token.

        Args:
            matched: as `Lookup.matched` was before it.
        """
        at = _class(matched)
        self._came[at] += came - self._came[at] / _MEMORY
        self._expected[at] += 1 - self._expected[at] / _MEMORY

    def share(self, at: int) -> float:
        """Of one class."""
        return (self._came[at] + _WEIGHT * self._before(at)) / (self._expected[at] + _WEIGHT)

    def lasting(self, matched: int) -> Iterator[float]:
        """The probability that the next token is as expected, then that the next two are, and so on."""
        lasting = 1.0
        for length in itertools.count(matched):
            lasting *= self.share(_class(length))
            yield lasting


class Copying:
    """One answer, and what it may be copying.

    Args:
        tokens: of its prompt.
        everyone: what answers do in general; learns from this one too.
    """

    def __init__(self, tokens: Iterable[int], everyone: Odds) -> None:
        self._lookup = Lookup(tokens)
        self._everyone = everyone
        self._own = Odds(everyone.share)
        self._promised = self._kept = 0.0

    def add(self, token: int) -> None:
        """Take the next token of the answer."""
        self._promised *= _FORGIVEN
        self._kept *= _FORGIVEN
        matched = self._lookup.matched
        came = self._lookup.add(token)
        if matched:
            self._own.note(matched, came)
            self._everyone.note(matched, came)

    def lasting(self) -> Iterator[float]:
        """See `Odds.lasting`; less where drafts kept less than they promised; nothing without expectation."""
        if not self._lookup.matched:
            return
        trust = min((self._kept + _CREDIT) / (self._promised + _CREDIT), 1.0)
        for chance in self._own.lasting(self._lookup.matched):
            yield trust * chance

    def draft(self, count: int) -> list[int]:
        """The next tokens, if the answer goes on copying."""
        self._promised += sum(itertools.islice(self.lasting(), count))
        return self._lookup.expected(count)

    def settle(self, right: int) -> None:
        """So many of the drafted tokens were right."""
        self._kept += right


def _class(matched: int) -> int:
    return min(max(matched.bit_length() - 2, 0), _CLASSES - 1)
