"""The set-up commands, with a Python that only pretends to install."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Makes a "virtual environment" that holds a copy of itself, and notes what pip is asked for.
FAKE_PYTHON = """#!/bin/bash
case "$*" in
    "-c import sys"*) exit ${FAKE_TOO_OLD:-0} ;;
    "-V") echo "Python 3.9.2" ;;
    "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip show"*) exit 1 ;;
    "-m pip install --editable"*|"-m pip install --constraint"*)
        echo "$*" >>"$FAKE_LOG"; exit ${FAKE_PIP_STATUS:-0} ;;
    "manage.py up") echo "site runs" ;;
esac
"""


class Copy:
    """A copy of the Makefile and its scripts in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        shutil.copytree(ROOT / ".ci", folder / ".ci")
        (folder / "pyproject.toml").touch()
        python = folder / "python"
        python.write_text(FAKE_PYTHON)
        python.chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(
            ["make", f"PYTHON={self.folder / 'python'}", *arguments],
            cwd=self.folder,
            env={**kept, "FAKE_LOG": str(self.folder / "pip.log"), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def installs(self) -> list[str]:
        log = self.folder / "pip.log"
        return [line.split()[-1] for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_up_installs_once_says_what_takes_long_and_starts(copy: Copy) -> None:
    first = copy.make("up")
    second = copy.make("up")

    assert first.returncode == 0, first.stderr
    assert "about 4 minutes" in first.stdout
    assert first.stdout.endswith("site runs\n")
    assert second.stdout == "site runs\n"
    assert copy.installs == [".[cpu]"]


def test_changed_packages_are_installed_again(copy: Copy) -> None:
    copy.make("up")
    stamp = copy.folder / ".venv" / ".installed-cpu"
    os.utime(stamp, (1, 1))

    copy.make("up")

    assert copy.installs == [".[cpu]", ".[cpu]"]


def test_constraints_are_used_when_there_are_any(copy: Copy) -> None:
    (copy.folder / "constraints.txt").touch()

    copy.make("up")

    assert "--constraint=constraints.txt" in (copy.folder / "pip.log").read_text()


def test_failed_install_is_tried_again(copy: Copy) -> None:
    failed = copy.make("up", FAKE_PIP_STATUS="1")

    assert failed.returncode != 0
    assert "site runs" not in failed.stdout
    assert copy.make("up").returncode == 0
    assert copy.installs == [".[cpu]", ".[cpu]"]


def test_gpu_build_is_another_set_of_packages(copy: Copy) -> None:
    copy.make("up")
    copy.make("up", "EXTRAS=gpu")

    assert copy.installs == [".[cpu]", ".[gpu]"]


def test_packages_of_the_tests_include_those_of_the_site(copy: Copy) -> None:
    copy.make(".venv/.installed-cpu-test")
    copy.make("up")

    assert copy.installs == [".[cpu,test]"]


def test_old_python_is_refused_by_name(copy: Copy) -> None:
    refused = copy.make("up", FAKE_TOO_OLD="1")

    assert refused.returncode != 0
    assert "Python 3.11 or newer is needed" in refused.stderr
    assert "Python 3.9.2" in refused.stderr


def test_missing_python_is_refused(copy: Copy) -> None:
    (copy.folder / "python").unlink()

    assert "Python 3.11 or newer is needed" in copy.make("up").stderr


def test_missing_compiler_is_refused_before_anything_is_installed(copy: Copy) -> None:
    tools = copy.folder / "tools"
    tools.mkdir()
    for name in ("bash", "cp", "make", "mkdir", "touch"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)

    refused = copy.make("up", PATH=str(tools))

    assert refused.returncode != 0
    assert "A C and C++ compiler is needed" in refused.stderr
    assert copy.installs == []


@pytest.mark.parametrize("name", ["run", "install", "lint", "browser"])
def test_scripts_are_executable_and_parse(name: str) -> None:
    script = ROOT / ".ci" / name

    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
