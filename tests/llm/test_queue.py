from __future__ import annotations

import contextlib
import functools

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


def test_prompts_are_counted_until_they_are_evaluated() -> None:
    line = WaitingLine(slots=2, limit=5)
    heard: list[list[int]] = [[], [], [], []]
    tickets = [line.join(moves.append) for moves in heard]
    assert [ticket.position for ticket in tickets] == [0, 1, 2, 3]

    line.evaluated(tickets[0])
    line.evaluated(tickets[0])
    assert [ticket.position for ticket in tickets] == [0, 0, 1, 2]
    line.evaluated(tickets[1])
    assert heard == [[0], [1, 0], [2, 1], [3, 2]]


def served_in_turn(slots: int, users: list[str]) -> list[int]:
    """Who is served after whom, when all came at once and each takes as long."""
    order: list[int] = []
    line = WaitingLine(slots, limit=2 * len(users))
    tickets = [line.join(ignore, functools.partial(order.append, at), user) for at, user in enumerate(users)]
    for at in range(len(users)):
        line.leave(tickets[order[at]])
    return order


def test_one_user_with_twenty_questions_keeps_nobody_else_waiting() -> None:
    many, others = ["greedy"] * 20, [f"user {n}" for n in range(19)]
    order = served_in_turn(2, many + others)
    # Two questions were being answered before anybody else came, and the third was next.
    assert order[:3] == [0, 1, 2]
    assert order[3:22] == list(range(20, 39))
    assert order[22:] == list(range(3, 20))


def test_users_with_many_questions_take_turns() -> None:
    assert served_in_turn(1, ["a", "a", "a", "b", "b"]) == [0, 1, 3, 2, 4]


def test_questions_of_nobody_known_are_served_in_order() -> None:
    assert served_in_turn(1, ["", "", "a", "", "a"]) == [0, 1, 2, 3, 4]


def test_one_user_may_fill_half_of_the_line() -> None:
    line = WaitingLine(slots=1, limit=4)
    for _ in range(3):
        line.join(ignore, user="greedy")
    with pytest.raises(LLMBusyError):
        line.check_room("greedy")
    for other in ("", "somebody"):
        line.join(ignore, user=other)
    with pytest.raises(LLMBusyError):
        line.check_room("nobody")


def test_overtaken_question_hears_that_it_moved_back() -> None:
    line = WaitingLine(slots=1, limit=4)
    line.join(ignore, user="greedy")
    heard: list[int] = []
    line.join(heard.append, user="greedy")
    later: list[int] = []
    line.join(later.append, user="greedy")
    line.join(ignore, user="somebody")
    assert heard == [1]
    assert later == [2, 3]


@given(
    slots=st.integers(1, 3),
    limit=st.integers(0, 4),
    actions=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["", "a", "b"])), max_size=60),
)
def test_slots_are_never_idle_while_someone_waits(
    slots: int, limit: int, actions: list[tuple[int, str]]
) -> None:
    """0–4: somebody joins; 5–7: one of those present leaves; 8–9: a prompt is evaluated."""
    line = WaitingLine(slots, limit)
    present: list[Ticket] = []
    for action, user in actions:
        if action >= 8 and present:
            line.evaluated(next((one for one in present if one.position == 0), present[0]))
        elif action >= 5 and present:
            line.leave(present.pop(action % len(present)))
        elif action < 5:
            with contextlib.suppress(LLMBusyError):
                present.append(line.join(ignore, user=user))
        waiting = max(0, len(present) - slots)
        assert (line.active, line.waiting) == (min(slots, len(present)), waiting)
        assert waiting <= limit
        behind = sorted(one.position for one in present if one.position)
        assert behind == list(range(1, len(behind) + 1))
        assert len(behind) >= waiting
