"""Queries that are compiled once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kb.accounts.models import User
from kb.library.models import Collection
from kb.prepared import PreparedRows
from tests.factories import make_user

pytestmark = pytest.mark.django_db
FIELDS = ("username", "is_active", "date_joined")


def by_name() -> PreparedRows:
    return PreparedRows(lambda: User.objects.filter(username="?").values_list(*FIELDS), ["?"])


def test_rows_are_those_of_the_query_with_the_given_values() -> None:
    joined = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    make_user("ann", date_joined=joined)
    make_user("bo", is_active=False, date_joined=joined)
    prepared = by_name()
    assert prepared.rows("ann") == [("ann", True, joined)]
    assert prepared.rows("bo") == [("bo", False, joined)]
    assert prepared.rows("nobody") == []


def test_value_is_never_taken_for_sql() -> None:
    make_user("ann")
    assert by_name().rows("' OR 1=1 --") == []
    assert by_name().rows("%s") == []


def test_one_value_may_stand_in_several_places() -> None:
    ann = make_user("ann")
    Collection.objects.create(name="Ann's", slug="ann", created_by=ann)
    prepared = PreparedRows(
        lambda: Collection.objects.filter(created_by=-1, created_by__pk=-1).values_list("name"), [-1]
    )
    assert prepared.rows(ann.pk) == [("Ann's",)]


def test_query_that_finds_nothing_by_its_form_is_not_asked() -> None:
    prepared = PreparedRows(lambda: User.objects.filter(pk__in=[], username="?").values_list("pk"), ["?"])
    with CaptureQueriesContext(connection) as asked:
        assert prepared.rows("ann") == []
    assert len(asked) == 0


def test_mark_that_does_not_reach_the_sql_is_refused() -> None:
    prepared = PreparedRows(lambda: User.objects.filter(username="?").values_list("pk"), ["?", "unused"])
    with pytest.raises(ValueError, match="unused"):
        prepared.rows("ann", "bo")


def test_number_of_values_must_be_that_of_the_marks() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        by_name().rows("ann", "bo")
