"""kill -9 in the middle of a run, in processes and a database of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MANAGE = Path(__file__).parents[2] / "manage.py"
FILES = 200
PREPARE = """
from django.utils import timezone
from ingest.sources.services import SourceFields, connect_source
from kb.accounts.models import User
from kb.library.services import create_collection
admin = User.objects.create_superuser("admin")
given = SourceFields("Wiki", "file", {folder!r})
connect_source(admin, create_collection(admin, "Handbook"), given, timezone.now())
"""
COUNT = """
from kb.library.models import Document
from ingest.models import IngestJob, SourceRun
print(Document.objects.count(), IngestJob.objects.count(), SourceRun.objects.count())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "KB_DATA_DIR": str(tmp_path / "data"),
        "KB_SOURCE_ROOTS": str(tmp_path),
        "KB_LEASE_S": "5",
    }


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(MANAGE), *arguments]


def output_of(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        manage(*arguments), env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def test_a_killed_run_is_gone_on_with_and_takes_nothing_twice(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Case 30."""
    folder, stored = tmp_path / "wiki", tmp_path / "data" / "files"
    folder.mkdir()
    stored.parent.mkdir()
    for number in range(FILES):
        (folder / f"{number}.md").write_text(f"# Page {number}\n\nText")
    output_of(environment, "migrate", "--verbosity", "0")
    output_of(environment, "shell", "--verbosity", "0", "-c", PREPARE.format(folder=str(folder)))
    running = subprocess.Popen(
        manage("sync_sources"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(list(stored.glob("*/*"))) < FILES // 10:
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    taken = len(list(stored.glob("*/*")))
    assert taken < FILES
    told = json.loads(output_of(environment, "sync_sources", "--json"))[0]
    assert (told["run"]["state"], told["run"]["failed"]) == ("done", 0)
    # One file may have been taken in and not been counted yet: it is there, and unchanged.
    assert told["run"]["added"] + told["run"]["unchanged"] == FILES
    counted = output_of(environment, "shell", "--verbosity", "0", "-c", COUNT)
    assert counted == f"{FILES} {FILES} 1"
