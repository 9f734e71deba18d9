"""Who is served and who waits: by turns of people, then in the order of coming. Knows no sockets, no models.

Not thread-safe: it belongs to one event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from kb.exceptions import LLMBusyError

_FIRST_GUESS_S = 5.0
_LONGEST_ADVICE_S = 60
# The weight of the newest duration in the running mean.
_NEWEST = 0.2


class Ticket:
    """A place in the line.

    Attributes:
        round: when it is its turn; rounds count up, and are served in the order of coming.
        user: who asks; empty when nobody knows.
        position: how many prompts are before this one; 0 is being evaluated, or is an answer already.
    """

    def __init__(
        self, round_: int, user: str, on_served: Callable[[], None], on_move: Callable[[int], None]
    ) -> None:
        self.round = round_
        self.user = user
        self.position = -1
        self.served_since_s = 0.0
        self.is_evaluated = False
        self.on_served = on_served
        self._on_move = on_move

    def move_to(self, position: int) -> None:
        if position != self.position:
            self.position = position
            self._on_move(position)


class WaitingLine:
    """Slots, and a bounded line before them.

    People are served in rounds: each question belongs to the round after the present one, or after its
    person's last question, whichever is later; in a round, first come, first served. So twenty questions of
    one person keep others waiting for one of them, and whoever asks later never overtakes the question that
    is next. Questions of nobody known count as one person each.

    Args:
        slots: how many are served at once.
        limit: how many may wait, half of them (rounded up) of one person.
        clock: seconds that never go back.
    """

    def __init__(self, slots: int, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._limit = limit
        self._clock = clock
        self._round = 0
        # The last round of everyone who has a question in a later round than the present one.
        self._last_rounds: dict[str, int] = {}
        # Both in the order in which they are served.
        self._served: list[Ticket] = []
        self._waiting: list[Ticket] = []
        self._mean_s = _FIRST_GUESS_S

    @property
    def active(self) -> int:
        return len(self._served)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def check_room(self, user: str = "") -> None:
        """Raises LLMBusyError when this person may not join now."""
        if self.active < self._slots:
            return
        own = sum(ticket.user == user for ticket in self._waiting) if user else 0
        if self.waiting >= self._limit or own >= (self._limit + 1) // 2:
            raise LLMBusyError(retry_after_s=self._advice_s())

    def join(
        self, on_move: Callable[[int], None], on_served: Callable[[], None] = lambda: None, user: str = ""
    ) -> Ticket:
        """Take a slot or a place in the line.

        Args:
            on_move: called with the position now and whenever it changes. It may grow, when somebody comes
                who has asked less.
            on_served: called once, when there is a slot.
            user: who asks; empty when nobody knows.

        Raises:
            LLMBusyError: the line is full.
        """
        self.check_room(user)
        ticket = Ticket(self._next_round(user), user, on_served, on_move)
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda ticket: ticket.round)  # keeps the order of coming
        self._advance()
        return ticket

    def evaluated(self, ticket: Ticket) -> None:
        """Its answer has begun: those behind it move up."""
        if not ticket.is_evaluated:
            ticket.is_evaluated = True
            self._move()

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
            ticket = self._waiting.pop(0)
            ticket.served_since_s = self._clock()
            self._served.append(ticket)
            self._round = max(self._round, ticket.round)
            ticket.on_served()
        self._move()

    def _next_round(self, user: str) -> int:
        """Of a question that this person asks now."""
        chosen = max(self._round, self._last_rounds.get(user, 0) if user else 0) + 1
        self._last_rounds[user] = chosen
        self._last_rounds = {name: last for name, last in self._last_rounds.items() if last > self._round}
        return chosen

    def _move(self) -> None:
        """Prompts are evaluated one after the other, in the order in which they got their slots."""
        unevaluated = [ticket for ticket in self._served if not ticket.is_evaluated]
        for position, ticket in enumerate(unevaluated):
            ticket.move_to(position)
        for position, ticket in enumerate(self._waiting, start=max(len(unevaluated), 1)):
            ticket.move_to(position)

    def _advice_s(self) -> int:
        """When a place is likely to become free: one of the slots ends about every mean / slots seconds."""
        return min(max(1, round(self._mean_s / self._slots)), _LONGEST_ADVICE_S)
