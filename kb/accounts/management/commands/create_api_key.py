"""manage.py create_api_key USERNAME --name N [--scopes read,write] [--days D]"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError

from kb.accounts.models import User, create_api_key

SCOPES = ("read", "write")

_MOST_DAYS = 36_500


class Command(BaseCommand):
    help = "Make an API key for a user. The key is printed once, alone on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument("--scopes", default="read", help="read, or read,write (default: read)")
        parser.add_argument("--days", type=int, help="days until the key expires (default: never)")

    def handle(self, *, username: str, name: str, scopes: str, days: int | None, **options: Any) -> None:
        wanted = {scope.strip() for scope in scopes.split(",")}
        if not wanted or not wanted <= set(SCOPES):
            raise CommandError(f"--scopes takes {' and '.join(SCOPES)}, separated by a comma.")
        if days is not None and not 1 <= days <= _MOST_DAYS:
            raise CommandError(f"--days must be from 1 to {_MOST_DAYS}.")
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {username!r}.")
        try:
            _, key = create_api_key(
                user, name, can_write="write" in wanted, lifetime=timedelta(days=days) if days else None
            )
        except IntegrityError as error:
            raise CommandError(f"{username} already has a key called {name!r}.") from error
        self.stdout.write(key)
