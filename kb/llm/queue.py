"""Who is served and who waits, first come, first served. Knows neither sockets nor models.

Not thread-safe: it belongs to one event loop.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from kb.exceptions import LLMBusyError

_FIRST_GUESS_S = 5.0
_LONGEST_ADVICE_S = 60
# The weight of the newest duration in the running mean.
_NEWEST = 0.2


class Ticket:
    """A place in the line.

    Attributes:
        position: 0 is being served, 1 is next.
    """

    def __init__(self, on_move: Callable[[int], None]) -> None:
        self.position = -1
        self.served_since_s = 0.0
        self._on_move = on_move

    def move_to(self, position: int) -> None:
        if position != self.position:
            self.position = position
            self._on_move(position)


class WaitingLine:
    """Slots, and a bounded line before them.

    Args:
        slots: how many are served at once.
        limit: how many may wait.
        clock: seconds that never go back.
    """

    def __init__(self, slots: int, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._limit = limit
        self._clock = clock
        self._served: set[Ticket] = set()
        self._waiting: deque[Ticket] = deque()
        self._mean_s = _FIRST_GUESS_S

    @property
    def active(self) -> int:
        return len(self._served)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def check_room(self) -> None:
        """Raises LLMBusyError when nobody else may join."""
        if self.active >= self._slots and self.waiting >= self._limit:
            raise LLMBusyError(retry_after_s=self._advice_s())

    def join(self, on_move: Callable[[int], None]) -> Ticket:
        """Take a slot or the last place of the line.

        Args:
            on_move: called with the position now and whenever it changes.

        Raises:
            LLMBusyError: the line is full.
        """
        self.check_room()
        ticket = Ticket(on_move)
        self._waiting.append(ticket)
        self._advance()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Served, or tired of waiting. Leaving twice changes nothing."""
        if ticket in self._served:
            self._served.remove(ticket)
            duration_s = self._clock() - ticket.served_since_s
            self._mean_s += _NEWEST * (duration_s - self._mean_s)
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        else:
            return
        self._advance()

    def _advance(self) -> None:
        while self._waiting and len(self._served) < self._slots:
            ticket = self._waiting.popleft()
            ticket.served_since_s = self._clock()
            self._served.add(ticket)
            ticket.move_to(0)
        for position, ticket in enumerate(tuple(self._waiting), start=1):
            ticket.move_to(position)

    def _advice_s(self) -> int:
        """When a place is likely to become free: one of the slots ends about every mean / slots seconds."""
        return min(max(1, round(self._mean_s / self._slots)), _LONGEST_ADVICE_S)
