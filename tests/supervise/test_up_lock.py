from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb.supervise.errors import AlreadyRunningError
from kb.supervise.files import private_folder
from kb.supervise.lock import only_one

HOLDER = """
import sys
from pathlib import Path
from kb.supervise.lock import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return private_folder(tmp_path / "run")


def test_second_up_on_one_folder_is_refused_and_names_the_first(run_dir: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunningError) as caught, only_one(run_dir):
            pytest.fail("two hold the lock")
        first.kill()

    assert caught.value.fields["pid"] == str(first.pid)
    assert f"process {first.pid}" in caught.value.message


def test_lock_of_a_killed_process_is_free(run_dir: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout
        first.stdout.readline()
        first.kill()

    with only_one(run_dir):
        assert (run_dir / "up.lock").read_text() == str(os.getpid())


def test_lock_can_be_taken_again_after_a_clean_end(run_dir: Path) -> None:
    with only_one(run_dir):
        pass
    with only_one(run_dir):
        pass

    assert (run_dir / "up.lock").read_text() == ""
