from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.database.connecting import connected_to


@pytest.fixture
def on_postgresql(database_url: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This process uses a database on PostgreSQL: transactions are real, and threads have their own."""
    with django_db_blocker.unblock(), connected_to(database_url):
        yield
