"""Having Django in this process, with its threads, use another database for a while."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import dj_database_url
from django.db import connections
from django.db.utils import ConnectionHandler

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


@contextmanager
def connected_to(database_url: str) -> Iterator[None]:
    """The default database is this one, for every thread that begins meanwhile."""
    configured = ConnectionHandler({"default": dj_database_url.parse(database_url)}).settings["default"]
    before, kept = connections.settings["default"], connections["default"]
    connections.settings["default"] = configured
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"], connections["default"] = before, kept


def migrate(database_url: str, *target: str) -> None:
    """Make the tables, by the command that makes them for people."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0", *target],
        cwd=ROOT,
        env={**os.environ, "KB_DATABASE_URL": database_url},
        check=True,
    )


def on_its_own_connection(call: Callable[[], T]) -> Callable[[], T]:
    """For a thread: its connection is closed when it is done."""

    def called() -> T:
        try:
            return call()
        finally:
            connections.close_all()

    return called
