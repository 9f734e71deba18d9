"""When a running search server takes a snapshot."""

from __future__ import annotations

from collections.abc import Callable

QUIET_S = 30.0
MANY_CHANGES = 2000
LEAST_APART_S = 300.0
RETRY_S = 60.0


class SnapshotTiming:
    """After a change and half a minute of quiet; in a long bulk ingest, every five minutes.

    Replaying a log is quick and writing a snapshot costs as much as the index is large, so there is no hurry.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_change = self._last_write = clock()
        self._not_before = 0.0
        self.changes = 0

    def changed(self, events: int) -> None:
        if events:
            self.changes += events
            self._last_change = self._clock()

    def due(self) -> bool:
        now = self._clock()
        if not self.changes or now < self._not_before:
            return False
        quiet = now - self._last_change >= QUIET_S
        return quiet or (self.changes >= MANY_CHANGES and now - self._last_write >= LEAST_APART_S)

    def written(self) -> None:
        self.changes = 0
        self._last_write = self._clock()

    def failed(self) -> None:
        """Nothing was written; a full disk is not tried again at every poll."""
        self._not_before = self._clock() + RETRY_S
