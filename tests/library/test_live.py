"""What the library's page is told live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.api import live as live_api
from kb.library.event_models import Stage
from kb.library.history import record
from kb.library.live import Live, changes, look
from kb.library.models import Collection, Grant, Status
from tests.factories import make_document

NOW = timezone.now()


def ended(collection: Collection, *seconds_ago: float) -> None:
    for ago in seconds_ago:
        document = make_document(collection)
        record(Stage.READY, [document.pk], at=NOW - timedelta(seconds=ago))


@pytest.mark.django_db
def test_state_has_counts_progress_and_the_newest_event(collection: Collection) -> None:
    ended(collection, 10)
    working = make_document(
        collection,
        status=Status.EMBEDDING,
        progress_step="embedding",
        progress_current=64,
        progress_maximum=256,
        started_at=NOW - timedelta(seconds=8),
    )
    before = look(collection, NOW)
    assert before.counts == {"total": 2, "ready": 1, "working": 1, "failed": 0, "held": 0}
    [part] = before.working
    assert (part["id"], part["current"], part["maximum"], part["eta_s"]) == (working.pk, 64, 256, 24.0)
    record(Stage.READY, [working.pk])
    assert look(collection, NOW).newest > before.newest


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds_ago", "waiting", "eta_s"),
    [
        ((40, 30, 20, 10), 6, 40 / 3 * 6),
        ((40,), 6, None),  # one that ended is no pace
        ((4000, 3990), 6, None),  # a pace of long ago is none
        ((40, 30), 0, None),
    ],
)
def test_time_left_follows_from_the_pace_of_the_latest(
    collection: Collection, seconds_ago: Sequence[float], waiting: int, eta_s: float | None
) -> None:
    ended(collection, *seconds_ago)
    for _ in range(waiting):
        make_document(collection, status=Status.QUEUED)
    assert look(collection, NOW).eta_s == (None if eta_s is None else pytest.approx(eta_s, abs=0.1))


@pytest.mark.django_db
def test_look_costs_the_same_for_many_documents(collection: Collection) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            look(collection, NOW)
        return len(captured)

    ended(collection, 10)
    few = queries()
    ended(collection, *range(20))
    for _ in range(5):
        make_document(collection, status=Status.PARSING)
    # The newest events, counts by state, documents held back, documents in hand.
    assert queries() == few == 4


async def test_only_changes_are_told_and_the_first_is_the_whole_state() -> None:
    idle, busy = Live(1, {"working": 0}), Live(2, {"working": 3})
    script = iter([idle, idle, busy, busy, idle, None])
    waited: list[float] = []

    async def look_again() -> Live | None:
        return next(script)

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    told = [state async for state in changes(look_again, wait, 1.0, 3.0)]
    assert told == [idle, busy, idle]
    assert waited == [3.0, 3.0, 1.0, 1.0, 3.0]


async def test_frame_is_one_event_with_an_id() -> None:
    script = iter([Live(7, {"working": 0}), None])

    async def look_again() -> Live | None:
        return next(script)

    async def wait(seconds: float) -> None:
        return None

    [frame] = [frame async for frame in live_api.frames(look_again, wait)]
    assert frame.startswith(b"event: state\nid: 7\ndata: {") and frame.endswith(b"}\n\n")


@pytest.mark.django_db
def test_stream_ends_when_the_grant_is_gone(collection: Collection, teammate: User) -> None:
    """Case 7."""
    assert live_api.look_for(teammate.pk, collection.pk, 1e9) is not None
    Grant.objects.filter(user=teammate).delete()
    assert live_api.look_for(teammate.pk, collection.pk, 1e9) is None
    teammate.is_active = False
    teammate.save()
    assert live_api.look_for(teammate.pk, collection.pk, 1e9) is None


@pytest.mark.django_db
def test_many_streams_of_a_collection_share_one_look(
    collection: Collection, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []

    def counting(found: Collection, now: datetime) -> Live:
        looked.append(found)
        return look(found, now)

    monkeypatch.setattr(live_api, "look", counting)
    for at in (2e9, 2e9 + 0.1, 2e9 + 0.2, 2e9 + 1):
        live_api.look_for(owner.pk, collection.pk, at)
    assert len(looked) == 2
