from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from kb.library.dating import FILE, STATED, UPLOADED, dated, file_modified
from kb.library.models import Document

CAME_IN = datetime(2026, 5, 20, 12, tzinfo=UTC)


def document(metadata: dict[str, Any]) -> Document:
    return Document(metadata=metadata, created_at=CAME_IN)


@pytest.mark.parametrize(
    "metadata",
    [
        {"date": "2025-03-04"},
        {"Last-Updated": "2025-03-04T10:00:00Z"},
        {"last_updated": "4 March 2025", "date": "2019-01-01"},
        {"published": "March 4, 2025"},
        {"date": "2025-03-04", "file_modified": "2026-01-01T00:00:00+00:00"},
    ],
)
def test_date_that_the_document_states_comes_first(metadata: dict[str, Any]) -> None:
    known = dated(document(metadata))
    assert (known.day, known.by) == (date(2025, 3, 4), STATED)


@pytest.mark.parametrize(
    "said", ["2019", "March", "03/04/2025", "2025-02-31", "soon", 20250304, None, ["x"], ""]
)
def test_what_is_no_whole_date_does_not_count(said: object) -> None:
    assert dated(document({"date": said})).by == UPLOADED


def test_date_after_the_upload_is_a_plan_and_no_age() -> None:
    known = dated(document({"effective_date": "2027-01-01"}))
    assert (known.day, known.by) == (CAME_IN.date(), UPLOADED)


def test_change_of_the_file_counts_where_the_document_says_nothing() -> None:
    known = dated(document(file_modified(datetime(2024, 2, 29, 8, 30, tzinfo=UTC))))
    assert (known.day, known.by) == (date(2024, 2, 29), FILE)
