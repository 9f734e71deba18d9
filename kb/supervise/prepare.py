"""What must be in place before the processes start: the tables, the static files, the admin."""

from __future__ import annotations

import hashlib
import secrets
import string
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kb.accounts.models import User
from kb.conf import Config
from kb.exceptions import ConfigurationError
from kb.supervise.files import write_private
from kb.supervise.process import Report

STATIC_STAMP = "static.stamp"
PASSWORD_CHARS = 20


def migrate(report: Report) -> None:
    """Create or change the tables, if there is anything to change."""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        report(f"Preparing the database … migrations to apply: {len(pending)}")
        call_command("migrate", interactive=False, verbosity=0)


def collect_static(report: Report, data_dir: Path) -> None:
    """Copy and compress the static files, if any changed since the last time."""
    stamp = data_dir / STATIC_STAMP
    wanted = _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted and Path(settings.STATIC_ROOT).is_dir():
        return
    report("Collecting the pages' static files … compressing them once")
    # Without the stamp, an interrupted copy is done again from the start.
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    write_private(stamp, wanted)


def ensure_admin(config: Config) -> str:
    """Make the first admin; an installation that has an admin keeps it as it is.

    Without a configured password the new admin has none at all until `first_password` makes one.

    Returns:
        The name to sign in with.

    Raises:
        ConfigurationError: the name belongs to a person who is no admin.
    """
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    existing = admins.filter(username=config.admin_username).first() or admins.first()
    if existing is not None:
        return existing.username
    if User.objects.filter(username=config.admin_username).exists():
        raise ConfigurationError(
            f"There is no admin, and {config.admin_username} is not one. "
            "Name another with KB_ADMIN_USERNAME, or run `manage.py createsuperuser`."
        )
    User.objects.create_superuser(config.admin_username, password=config.admin_password or None)
    return config.admin_username


def first_password(username: str) -> str:
    """Give an admin who has no password one, and return it; empty when there is one already.

    Made at the last moment, right before it is shown: a start that breaks off earlier would otherwise
    leave a password that nobody ever saw.
    """
    admin = User.objects.get(username=username)
    if admin.has_usable_password():
        return ""
    alphabet = string.ascii_letters + string.digits
    password = "".join(secrets.choice(alphabet) for _ in range(PASSWORD_CHARS))
    admin.set_password(password)
    admin.save(update_fields=["password"])
    return password


def _fingerprint() -> str:
    """Changes when a static file is added, removed or written."""
    lines = []
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            lines.append(f"{name} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
