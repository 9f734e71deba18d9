"""The tests of what is stored and found, once more with PostgreSQL under them.

`TESTS_DATABASE_URL` does the same by hand for any test that uses Django's test database.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.database.connecting import ROOT
from tests.database.postgresql import PostgreSQL

pytestmark = pytest.mark.timeout(1200)

AREAS = (
    "tests/api",
    "tests/chat",
    "tests/library",
    "tests/web/test_account_pages.py",
    "tests/web/test_console_models.py",
    "tests/web/test_library_pages.py",
    "tests/ingest/test_embedding_model_command.py",
    "tests/ingest/test_hints.py",
    "tests/ingest/test_pipeline.py",
    "tests/ingest/test_reembedding.py",
    "tests/ingest/test_reembedding_switch.py",
    "tests/ingest/test_services.py",
    "tests/search/test_check.py",
    "tests/search/test_follow.py",
    "tests/search/test_generations.py",
    "tests/search/test_keeper.py",
    "tests/search/test_snapshot_damage.py",
    "tests/search/test_switching.py",
    "tests/search/test_tail.py",
)


def test_everything_passes_there_too(postgresql: PostgreSQL) -> None:
    """Cases 34, 35, 36, 38, 39 and 40 among them. In one process: each would make the tables first."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "not browser and not stack", *AREAS],
        cwd=ROOT,
        env={**os.environ, "TESTS_DATABASE_URL": postgresql.new_database()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
