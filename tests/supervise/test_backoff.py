from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.supervise.backoff import Backoff


def test_delay_doubles_up_to_the_limit() -> None:
    backoff = Backoff()

    delays = [backoff.after(0) for _ in range(8)]

    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_minute_of_health_starts_over() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after(0)

    assert backoff.after(60) == 0.5
    assert backoff.after(0) == 1


def test_less_than_a_minute_of_health_does_not() -> None:
    backoff = Backoff()
    backoff.after(0)

    assert backoff.after(59.9) == 1


@given(st.lists(st.floats(0, 1e6)))
def test_delay_stays_within_its_bounds(healthy_for_s: list[float]) -> None:
    backoff = Backoff()

    assert all(0.5 <= backoff.after(seconds) <= 30 for seconds in healthy_for_s)
