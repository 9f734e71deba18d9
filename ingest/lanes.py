"""How many documents this process works on at a time, and what may pass those that take long.

Every thread of a worker serves every message. Documents are given fewer lanes than there are threads
(CELERY_WORKER_CONCURRENCY), so that upkeep (the sweep, the purge, sources) never waits behind them; and while
all lanes are held by documents that take long, one express lane serves those that are likely to be quick.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from ingest.models import IngestJob

SLOW_S = 10.0
# A file of the kind of a slow one passes it when it is this many times smaller.
_SMALLER = 10


@dataclass(eq=False)
class Lane:
    """The right to work on one document after another.

    Attributes:
        since_s: when the present document was begun; by the clock of its Lanes.
    """

    express: bool
    since_s: float
    kind: str = ""
    size_bytes: int = 0


class Lanes:
    """The lanes of one process.

    Args:
        number: of documents at a time, not counting the express lane.
        clock: seconds, monotonic.
    """

    def __init__(self, number: int, clock: Callable[[], float]) -> None:
        self._number = number
        self._clock = clock
        self._held: list[Lane] = []
        self._lock = threading.Lock()

    def enter(self) -> Lane | None:
        """A lane, if one is free; whoever holds the others looks at what waits before leaving."""
        with self._lock:
            now = self._clock()
            express = len(self._held) >= self._number
            if express and not self._express_is_open(now):
                return None
            lane = Lane(express, now)
            self._held.append(lane)
            return lane

    def leave(self, lane: Lane) -> None:
        with self._lock:
            self._held.remove(lane)

    def begin(self, lane: Lane, job_id: int) -> None:
        """The lane's next document."""
        found = IngestJob.objects.filter(pk=job_id).values_list("document__kind", "document__size_bytes")
        kind, size_bytes = found.first() or ("", 0)
        with self._lock:
            lane.kind, lane.size_bytes, lane.since_s = kind, size_bytes, self._clock()

    def fitting(self, lane: Lane, waiting: QuerySet[IngestJob]) -> QuerySet[IngestJob]:
        """Those of the waiting jobs that may use this lane.

        In the express lane: of another kind than what takes long, or much smaller.
        """
        if not lane.express:
            return waiting
        with self._lock:
            slow = [(held.kind, held.size_bytes) for held in self._held if not held.express]
        for kind, size_bytes in slow:
            waiting = waiting.filter(
                ~Q(document__kind=kind) | Q(document__size_bytes__lte=size_bytes // _SMALLER)
            )
        return waiting

    def _express_is_open(self, now: float) -> bool:
        return len(self._held) == self._number and all(
            not lane.express and now - lane.since_s >= SLOW_S for lane in self._held
        )
