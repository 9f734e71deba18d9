"""The command line before there is anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_command_before_the_first_start_says_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    ended = subprocess.run(
        [sys.executable, "manage.py", "create_api_key", "admin", "--name", "laptop"],
        cwd=ROOT,
        env={**environment, "KB_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 1
    assert "manage.py up" in ended.stderr and str(tmp_path) in ended.stderr
    assert "Traceback" not in ended.stderr
