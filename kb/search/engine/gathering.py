"""What comes from many threads at the same time is computed together.

While one batch is computed the next one gathers, so nobody waits for a timer: what comes alone is computed at
once, and whatever waits is computed in the order in which it came.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gathering(Generic[Item, Result]):
    """For many threads, over a computation that is best done one batch at a time.

    Args:
        compute: one result for each item of a batch; never called by two threads at once.
        most: items in a batch.
    """

    def __init__(self, compute: Callable[[list[Item]], Sequence[Result]], most: int) -> None:
        self._compute = compute
        self._most = most
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()
        self._turn = threading.Lock()

    @property
    def waiting(self) -> int:
        """Items that no batch has taken yet."""
        return len(self._waiting)

    def results(self, items: Sequence[Item]) -> list[Result]:
        """One for each item.

        Raises:
            Exception: what was raised for the batch of one of these items.
        """
        asked: list[Future[Result]] = [Future() for _ in items]
        self._waiting.extend(zip(items, asked, strict=True))
        for result in asked:
            # Whoever gets the turn first computes for all who wait; most find theirs done when it comes.
            while not result.done():
                with self._turn:
                    if not result.done():
                        self._next_batch()
        return [result.result() for result in asked]

    def _next_batch(self) -> None:
        """Only with the turn."""
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            results = self._compute([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results for {len(batch)} items")
        except Exception as error:
            for _, asked in batch:
                asked.set_exception(error)
            return
        for (_, asked), result in zip(batch, results, strict=True):
            asked.set_result(result)
