"""python -m tests.performance.engine_memory FOLDER: load a saved engine as the search server does.

Prints one line of JSON with megabytes: resident after searches, of that in files of the lexical index, at the
highest so far, and resident before the index was loaded.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")

_QUESTIONS = ("How many days of leave are there?", "who wrote it", "wing of an aircraft at high speed")
_ROUNDS = 10


def main(folder: Path) -> None:
    import django

    django.setup()
    # What the server's process holds besides the index.
    import uvicorn  # noqa: F401

    import kb.search.server  # noqa: F401
    from kb.conf import BUILT_IN, config
    from kb.search.assembly import make_engine
    from kb.search.engine.encoder import load_encoder

    encoder = load_encoder(BUILT_IN, "cpu", config.data_dir.absolute() / "models")
    with tempfile.TemporaryDirectory(prefix="kb-memory-") as live:
        engine = make_engine(encoder, encoder.dimension, "cpu", Path(live))
        engine.search("nothing is here", None, 10, 100)
        empty = _status("VmRSS")
        engine.load(folder)
        for _ in range(_ROUNDS):
            for question in _QUESTIONS:
                engine.search(question, None, 10, 100)
                engine.search(question, frozenset({1, 2, 3}), 10, 100)
        found = {
            "resident_mb": _status("VmRSS"),
            "lexical_mb": _resident_below(Path(live)),
            "peak_mb": _status("VmHWM"),
            "empty_mb": empty,
        }
    print(json.dumps(found))  # noqa: T201


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(name)


def _resident_below(folder: Path) -> float:
    """Of files below this folder that are mapped into memory."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024 * inside
        elif "-" in line.split(" ", 1)[0]:
            inside = str(folder.resolve()) in line
    return total / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]))
