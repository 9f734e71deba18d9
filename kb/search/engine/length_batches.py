"""Texts that wait for the encoder, of all documents that are being read, in batches of similar length.

A batch is as wide as its longest text, so texts of one document, long and short ones mixed, would be computed
with a fifth of padding. Whoever waits longest is always in the next batch: no text waits for its like.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


@dataclass(order=True)
class _Waiting(Generic[Item]):
    length: int
    number: int  # in the order in which they came
    item: Item = field(compare=False)
    result: Future[Any] = field(compare=False)


class LengthBatches(Generic[Item]):
    """What waits; many threads add to it and compute.

    Args:
        length: of an item, in whatever it costs to compute.
        most: items in a batch.
        streams: how many compute at once; a few items are shared out to all of them.
    """

    def __init__(self, length: Callable[[Item], int], most: int, streams: int) -> None:
        self._length, self._most, self._streams = length, most, streams
        self._waiting: list[_Waiting[Item]] = []
        self._numbers = count()
        self._lock = threading.Lock()

    def add(self, items: Sequence[Item]) -> list[Future[Any]]:
        """A result to come for each item."""
        results: list[Future[Any]] = []
        with self._lock:
            for item in items:
                waiting = _Waiting(self._length(item), next(self._numbers), item, Future())
                insort(self._waiting, waiting)
                results.append(waiting.result)
        return results

    def compute_all(self, compute: Callable[[list[Item]], Iterable[Any]]) -> None:
        """Compute batch after batch until nothing waits. An error is the result of all in its batch."""
        while batch := self._next():
            try:
                results = compute([one.item for one in batch])
            except Exception as error:
                for one in batch:
                    one.result.set_exception(error)
                continue
            for one, result in zip(batch, results, strict=True):
                one.result.set_result(result)

    def _next(self) -> list[_Waiting[Item]]:
        """The one that came first, and those around it that make the batch need the least padding."""
        with self._lock:
            waiting = self._waiting
            if not waiting:
                return []
            size = min(self._most, -(-len(waiting) // self._streams))
            oldest = min(range(len(waiting)), key=lambda at: waiting[at].number)
            starts = range(max(0, oldest - size + 1), min(oldest, len(waiting) - size) + 1)
            start = min(starts, key=lambda at: _padding([one.length for one in waiting[at : at + size]]))
            batch = waiting[start : start + size]
            del waiting[start : start + size]
            return batch


def _padding(lengths: Sequence[int]) -> int:
    return max(lengths) * len(lengths) - sum(lengths)
