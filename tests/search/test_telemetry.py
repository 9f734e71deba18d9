"""Nothing is reported to anybody."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import kb.search.engine.encoder_openvino, sys
assert sys.modules["openvino_telemetry"] is None
"""


def test_openvino_is_loaded_without_its_reporter() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
