from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from kb.accounts.models import User
from kb.conf import Config, load
from kb.exceptions import ConfigurationError
from kb.supervise import prepare
from tests.supervise.conftest import Reports

MIGRATE_TWICE = """
import django
django.setup()
from kb.accounts.models import User
from kb.supervise.prepare import migrate
migrate(lambda line: print("said", line))
print("users", User.objects.count())
migrate(lambda line: print("said", line))
"""


@pytest.fixture
def config() -> Config:
    return load({})


def test_tables_are_made_once(tmp_path: Path) -> None:
    environment = {**os.environ, "KB_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "kb.settings"}

    done = subprocess.run(
        [sys.executable, "-c", MIGRATE_TWICE], env=environment, capture_output=True, text=True, check=True
    )

    said, users = done.stdout.splitlines()
    assert said.startswith("said Preparing the database")
    assert users == "users 0"


@pytest.mark.django_db
def test_admin_gets_a_password_of_20_characters_that_is_shown_once(config: Config) -> None:
    username = prepare.ensure_admin(config)

    password = prepare.first_password(username)

    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert len(password) == 20
    assert admin.check_password(password)
    assert prepare.first_password(username) == ""
    assert User.objects.get(username="admin").check_password(password)


@pytest.mark.django_db
def test_two_installations_get_two_passwords(config: Config) -> None:
    first = prepare.first_password(prepare.ensure_admin(config))
    User.objects.update(username="former", is_superuser=False)

    assert prepare.first_password(prepare.ensure_admin(config)) != first


@pytest.mark.django_db
def test_start_that_breaks_off_before_the_end_loses_no_password(config: Config) -> None:
    prepare.ensure_admin(config)

    assert prepare.first_password(prepare.ensure_admin(config)) != ""


@pytest.mark.django_db
def test_configured_name_and_password_are_used_and_not_shown(config: Config) -> None:
    configured = replace(config, admin_username="root", admin_password="chosen by the operator")

    username = prepare.ensure_admin(configured)

    assert username == "root"
    assert prepare.first_password(username) == ""
    assert User.objects.get().check_password("chosen by the operator")


@pytest.mark.django_db
def test_changed_password_survives_the_next_start(config: Config) -> None:
    configured = replace(config, admin_password="chosen by the operator")
    admin = User.objects.get(username=prepare.ensure_admin(configured))
    admin.set_password("changed by the admin")
    admin.save()

    prepare.ensure_admin(configured)

    assert User.objects.get().check_password("changed by the admin")


@pytest.mark.django_db
def test_deleted_admin_does_not_come_back_while_there_is_another(config: Config) -> None:
    User.objects.create_superuser("grace", password="x")

    assert prepare.ensure_admin(config) == "grace"
    assert not User.objects.filter(username="admin").exists()


@pytest.mark.django_db
def test_plain_user_with_the_admins_name_is_not_promoted(config: Config) -> None:
    User.objects.create_user("admin", password="x")

    with pytest.raises(ConfigurationError, match="KB_ADMIN_USERNAME"):
        prepare.ensure_admin(config)

    assert not User.objects.get().is_superuser


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Path:
    """A folder with one static file, to be collected into another."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "page.css").write_text("body {}")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [folder]
    settings.STATIC_ROOT = tmp_path / "static"
    return folder


def test_static_files_are_collected_only_when_they_changed(
    source: Path, tmp_path: Path, reports: Reports
) -> None:
    prepare.collect_static(reports, tmp_path)
    prepare.collect_static(reports, tmp_path)
    assert len(reports.lines) == 1

    (source / "page.css").write_text("body { color: black }")
    prepare.collect_static(reports, tmp_path)

    assert len(reports.lines) == 2
    assert (tmp_path / "static" / "page.css").read_text() == "body { color: black }"


def test_removed_static_file_is_served_no_longer(source: Path, tmp_path: Path, reports: Reports) -> None:
    prepare.collect_static(reports, tmp_path)
    (source / "page.css").rename(source / "other.css")

    prepare.collect_static(reports, tmp_path)

    assert [path.name for path in (tmp_path / "static").iterdir()] == ["other.css"]


def test_interrupted_collecting_is_done_again(
    source: Path, tmp_path: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **options: object) -> None:
        (tmp_path / "static").mkdir()
        (tmp_path / "static" / "page.css").write_text("bo")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(prepare, "call_command", interrupted)
        prepare.collect_static(reports, tmp_path)

    prepare.collect_static(reports, tmp_path)

    assert (tmp_path / "static" / "page.css").read_text() == "body {}"


def test_removed_folder_of_static_files_is_made_again(source: Path, tmp_path: Path, reports: Reports) -> None:
    prepare.collect_static(reports, tmp_path)
    (tmp_path / "static" / "page.css").unlink()
    (tmp_path / "static").rmdir()

    prepare.collect_static(reports, tmp_path)

    assert (tmp_path / "static" / "page.css").exists()
