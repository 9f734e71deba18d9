"""The console tells when questions are answered, and goes back."""

from __future__ import annotations

import pytest
from django.test import Client

from kb.accounts.models import User
from kb.chat.models import Calibration
from kb.console.calibrations import picture_of
from kb.library.models import Collection

GATE = {"weights": [1, 1, 1, 1], "bias": 0, "threshold": 0.5}
REPORT = {
    "answerable": 58,
    "unanswerable": 60,
    "chosen": {"threshold": 0.5, "answered": 0.5, "wrong": 0.04, "silent": 0.06, "caught": 0.95},
    "curve": [
        {"threshold": 0.1, "answered": 1.0, "wrong": 0.5, "silent": 0.0, "caught": 0.0},
        {"threshold": 0.5, "answered": 0.5, "wrong": 0.04, "silent": 0.06, "caught": 0.95},
    ],
}


@pytest.fixture
def page(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def test_without_a_calibration_the_console_says_what_decides(page: Client) -> None:
    assert "The fit that ships decides" in page.get("/console/").content.decode()


def test_newest_calibration_of_each_collection_is_shown_with_its_curve(
    page: Client, collection: Collection
) -> None:
    Calibration.objects.create(collection=collection, gate=GATE, report={**REPORT, "answerable": 12345})
    Calibration.objects.create(collection=collection, gate=GATE, report=REPORT)
    Calibration.objects.create(gate=GATE, report={})
    text = page.get("/console/").content.decode()
    assert text.count("<polyline") == 1
    assert "4% of the answers" in text
    assert "All collections without their own" in text
    assert "12345" not in text


def test_removing_one_goes_back_to_what_held_before(page: Client) -> None:
    older = Calibration.objects.create(gate=GATE, report=REPORT)
    newer = Calibration.objects.create(gate=GATE, report=REPORT)
    assert page.get(f"/console/calibrations/{newer.pk}/drop/").status_code == 405
    assert page.post(f"/console/calibrations/{newer.pk}/drop/").status_code == 302
    assert list(Calibration.objects.all()) == [older]
    assert page.post(f"/console/calibrations/{newer.pk}/drop/").status_code == 404


def test_nobody_else_may_remove_one(client: Client, teammate: User) -> None:
    row = Calibration.objects.create(gate=GATE, report=REPORT)
    client.force_login(teammate)
    assert client.post(f"/console/calibrations/{row.pk}/drop/").status_code in (403, 404)
    assert Calibration.objects.exists()


def test_curve_runs_from_few_answers_to_all_and_up_with_the_wrong_ones() -> None:
    picture = picture_of(REPORT)
    assert picture is not None
    assert picture.points == "150.0,110.4 300.0,0.0"
    assert (picture.x, picture.y, picture.top) == (150.0, 110.4, 0.5)
    assert picture_of({}) is None
