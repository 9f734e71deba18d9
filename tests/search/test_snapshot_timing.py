from __future__ import annotations

import pytest

from kb.search.snapshot_timing import LEAST_APART_S, MANY_CHANGES, QUIET_S, RETRY_S, SnapshotTiming


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timing(clock: Clock) -> SnapshotTiming:
    return SnapshotTiming(clock)


def test_nothing_changed_nothing_due(timing: SnapshotTiming, clock: Clock) -> None:
    timing.changed(0)
    clock.now += 10 * LEAST_APART_S
    assert not timing.due()


def test_due_once_after_a_change_and_quiet(timing: SnapshotTiming, clock: Clock) -> None:
    timing.changed(1)
    clock.now += QUIET_S - 1
    assert not timing.due()
    clock.now += 1
    assert timing.due()
    timing.written()
    assert not timing.due()


def test_bulk_ingest_without_quiet_is_saved_from_time_to_time(timing: SnapshotTiming, clock: Clock) -> None:
    timing.changed(MANY_CHANGES)
    clock.now += LEAST_APART_S
    timing.changed(1)
    assert timing.due()
    timing.written()
    timing.changed(MANY_CHANGES)
    assert not timing.due()


def test_slow_trickle_waits_for_quiet(timing: SnapshotTiming, clock: Clock) -> None:
    for _ in range(100):
        clock.now += QUIET_S - 1
        timing.changed(1)
        assert not timing.due()


def test_failed_write_is_tried_again_later_and_its_changes_count_still(
    timing: SnapshotTiming, clock: Clock
) -> None:
    timing.changed(1)
    clock.now += QUIET_S
    timing.failed()
    assert not timing.due()
    assert timing.changes == 1
    clock.now += RETRY_S
    assert timing.due()
