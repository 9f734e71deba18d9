"""A fresh PostgreSQL database with all tables, for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django import DjangoDbBlocker

from tests.database.connecting import connected_to, migrate
from tests.database.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def template(postgresql: PostgreSQL) -> str:
    """The name of a database with all tables and nothing in them."""
    url = postgresql.new_database()
    migrate(url)
    return urlsplit(url).path.lstrip("/")


@pytest.fixture
def database_url(postgresql: PostgreSQL, template: str) -> str:
    return postgresql.new_database(template)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """For an installation of processes: nothing (the file in its data folder), or a PostgreSQL database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("database_url"))


@pytest.fixture
def on_postgresql(database_url: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This process uses a database on PostgreSQL: transactions are real, and threads have their own."""
    with django_db_blocker.unblock(), connected_to(database_url):
        yield
