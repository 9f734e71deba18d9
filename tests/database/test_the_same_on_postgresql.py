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

pytestmark = pytest.mark.timeout(600)

AREAS = {
    "reading": ("tests/api", "tests/chat", "tests/library"),
    "pages": (
        "tests/web/test_account_pages.py",
        "tests/web/test_console_models.py",
        "tests/web/test_library_pages.py",
    ),
    "ingest": (
        "tests/ingest/test_embedding_model_command.py",
        "tests/ingest/test_hints.py",
        "tests/ingest/test_pipeline.py",
        "tests/ingest/test_reembedding.py",
        "tests/ingest/test_reembedding_switch.py",
        "tests/ingest/test_services.py",
    ),
    "index": (
        "tests/search/test_check.py",
        "tests/search/test_follow.py",
        "tests/search/test_generations.py",
        "tests/search/test_keeper.py",
        "tests/search/test_snapshot_damage.py",
        "tests/search/test_switching.py",
        "tests/search/test_tail.py",
    ),
}


@pytest.mark.parametrize("area", AREAS)
def test_area_passes(postgresql: PostgreSQL, area: str) -> None:
    """Cases 34, 35, 36, 38, 39 and 40 among them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "not browser and not stack", *AREAS[area]],
        cwd=ROOT,
        env={**os.environ, "TESTS_DATABASE_URL": postgresql.new_database()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
