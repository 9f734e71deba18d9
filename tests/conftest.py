"""The standing cast, databases of PostgreSQL, and where the evaluation data lies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kb.accounts.models import User
from kb.conf import config
from kb.library.models import Collection, Grant, Role
from tests.database.connecting import migrate
from tests.database.postgresql import PostgreSQL
from tests.factories import make_user

# An example may take as long as it likes: a machine that stands still for a moment is no finding.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin", is_superuser=True, is_staff=True)


@pytest.fixture
def owner(db: None) -> User:
    """Manages the collection."""
    return make_user("owner")


@pytest.fixture
def teammate(db: None) -> User:
    """May read the collection."""
    return make_user("teammate")


@pytest.fixture
def stranger(db: None) -> User:
    """May sign in, and has no grant."""
    return make_user("stranger")


@pytest.fixture
def collection(owner: User, teammate: User) -> Collection:
    made = Collection.objects.create(name="Handbook", slug="handbook", created_by=owner)
    Grant.objects.create(collection=made, user=owner, role=Role.MANAGER)
    Grant.objects.create(collection=made, user=teammate, role=Role.VIEWER)
    return made


@pytest.fixture(autouse=True)
def settings_for_tests(settings: object, tmp_path: Path) -> None:
    """Pages in tests name static files as they are: nothing was collected."""
    storages = dict(settings.STORAGES)  # type: ignore[attr-defined]
    storages["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = storages  # type: ignore[attr-defined]
    # Argon2 is slow on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    settings.MEDIA_ROOT = tmp_path / "files"  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real server; a test has a database of its own on it."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(postgresql: PostgreSQL) -> str:
    """The name of a PostgreSQL database with all tables and nothing in them."""
    url = postgresql.new_database()
    migrate(url)
    return url.rpartition("/")[2]


@pytest.fixture
def database_url(postgresql: PostgreSQL, template: str) -> str:
    """A fresh PostgreSQL database with all tables."""
    return postgresql.new_database(template)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """For an installation of processes: nothing (the file in its data folder), or a PostgreSQL database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("database_url"))


@pytest.fixture
def eval_data() -> Path:
    folder = config.eval_data.resolve()
    if not folder.is_dir():
        pytest.skip(f"No evaluation data at {folder}: set KB_EVAL_DATA")
    return folder


def pytest_unconfigure() -> None:
    """llama_cpp opens two files at its import and never closes them: they would warn after the summary."""
    utils = sys.modules.get("llama_cpp._utils")
    if utils is not None:
        utils.outnull_file.close()
        utils.errnull_file.close()
