"""How long to wait before a process that died is started again."""

from __future__ import annotations


class Backoff:
    """Doubles from `first_s` to `most_s`; starts over after the process was healthy for `healthy_s`."""

    def __init__(self, first_s: float = 0.5, most_s: float = 30.0, healthy_s: float = 60.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._healthy_s = healthy_s
        self._next_s = first_s

    def after(self, healthy_for_s: float) -> float:
        """Seconds to wait now.

        Args:
            healthy_for_s: how long the process had been healthy when it died; 0 when it never was.
        """
        if healthy_for_s >= self._healthy_s:
            self._next_s = self._first_s
        delay_s = self._next_s
        self._next_s = min(delay_s * 2, self._most_s)
        return delay_s
