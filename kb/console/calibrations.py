"""The part of the admins' page that shows when questions are answered, and what was expected of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from kb.chat.models import Calibration
from kb.exceptions import NotFoundError
from kb.pages import PageRequest, admin_page

# Of the picture, in its own units; the template draws the axes around it.
WIDTH, HEIGHT = 300, 120
# A curve that never rises above this would look alarming if it filled the picture.
_LEAST_TOP = 0.1


@dataclass(frozen=True)
class Picture:
    """A risk-coverage curve: the share of questions answered to the right, of wrong answers upwards.

    Attributes:
        top: the share of wrong answers at the upper edge.
    """

    points: str
    x: float
    y: float
    top: float


@dataclass(frozen=True)
class Shown:
    calibration: Calibration
    picture: Picture | None


def calibrations_context() -> dict[str, Any]:
    return {"calibrations": list(_holding())}


@require_POST
@admin_page
def drop_calibration(request: PageRequest, calibration_id: int) -> HttpResponse:
    """Go back to what held before it."""
    row = Calibration.objects.filter(pk=calibration_id).first()
    if row is None:
        raise NotFoundError
    row.delete()
    messages.success(request, "The calibration is removed; what held before it holds again.")
    return redirect("console")


def _holding() -> Iterator[Shown]:
    """The newest of each collection, that of the whole installation first."""
    seen: set[int | None] = set()
    rows = Calibration.objects.select_related("collection").order_by("collection__name", "-pk")
    for row in sorted(rows, key=lambda row: row.collection_id is not None):
        if row.collection_id not in seen:
            seen.add(row.collection_id)
            yield Shown(row, picture_of(row.report))


def picture_of(report: dict[str, Any]) -> Picture | None:
    """None for a report without a curve."""
    curve: Sequence[dict[str, float]] = report.get("curve") or ()
    chosen: dict[str, float] | None = report.get("chosen")
    if not curve or chosen is None:
        return None
    top = max(_LEAST_TOP, *(point["wrong"] for point in curve))
    places = sorted({_place(point, top) for point in curve})
    x, y = _place(chosen, top)
    return Picture(" ".join(f"{across},{down}" for across, down in places), x, y, top)


def _place(point: dict[str, float], top: float) -> tuple[float, float]:
    return round(point["answered"] * WIDTH, 1), round(HEIGHT - point["wrong"] / top * HEIGHT, 1)
