from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.exceptions import LLMBusyError
from kb.llm.queue import Ticket, WaitingLine


def ignore(position: int) -> None:
    pass


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_first_is_served_and_the_next_wait_in_order() -> None:
    line = WaitingLine(slots=1, limit=5)
    tickets = [line.join(ignore) for _ in range(4)]

    assert [ticket.position for ticket in tickets] == [0, 1, 2, 3]
    assert (line.active, line.waiting) == (1, 3)


def test_everyone_moves_up_when_one_is_done() -> None:
    line = WaitingLine(slots=1, limit=5)
    heard: list[list[int]] = [[], [], []]
    tickets = [line.join(moves.append) for moves in heard]

    line.leave(tickets[0])

    assert heard == [[0], [1, 0], [2, 1]]


def test_leaving_from_the_middle_moves_only_those_behind() -> None:
    line = WaitingLine(slots=1, limit=5)
    heard: list[list[int]] = [[], [], [], []]
    tickets = [line.join(moves.append) for moves in heard]

    line.leave(tickets[2])

    assert heard == [[0], [1], [2], [3, 2]]


def test_full_line_refuses_and_tells_when_to_come_again() -> None:
    """Case 28."""
    clock = Clock()
    line = WaitingLine(slots=1, limit=1, clock=clock)
    first = line.join(ignore)
    line.join(ignore)
    with pytest.raises(LLMBusyError) as caught:
        line.join(ignore)
    assert caught.value.retry_after_s == 5

    clock.now_s = 30.0  # the first answer took long, so the advice grows
    line.leave(first)
    line.join(ignore)
    with pytest.raises(LLMBusyError) as caught:
        line.join(ignore)
    assert caught.value.retry_after_s == 10


def test_no_waiting_allowed_still_serves_one() -> None:
    line = WaitingLine(slots=1, limit=0)
    served = line.join(ignore)
    with pytest.raises(LLMBusyError):
        line.check_room()
    line.leave(served)

    line.check_room()
    assert line.join(ignore).position == 0


def test_leaving_twice_changes_nothing() -> None:
    line = WaitingLine(slots=1, limit=5)
    first, second, third = (line.join(ignore) for _ in range(3))
    line.leave(first)
    line.leave(first)

    assert (second.position, third.position, line.active, line.waiting) == (0, 1, 1, 1)


@given(slots=st.integers(1, 3), limit=st.integers(0, 4), actions=st.lists(st.integers(0, 9), max_size=60))
def test_slots_are_never_idle_while_someone_waits(slots: int, limit: int, actions: list[int]) -> None:
    """0–4: somebody joins; 5–9: one of those present leaves."""
    line = WaitingLine(slots, limit)
    present: list[Ticket] = []
    for action in actions:
        if action >= 5 and present:
            line.leave(present.pop(action % len(present)))
        elif action < 5 and len(present) < slots + limit:
            present.append(line.join(ignore))
        positions = [ticket.position for ticket in present]
        waiting = max(0, len(present) - slots)
        assert positions.count(0) == line.active == min(slots, len(present))
        assert [position for position in positions if position] == list(range(1, waiting + 1))
