"""Replay of the whole log after a cold start, against adding the same vectors to FAISS and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.performance.result import Result, compared
from tests.performance.text_vectors import text_vectors

EVENTS = 100_000


def run(names: Sequence[str]) -> list[Result]:
    """In a process of its own, with a database of its own."""
    source = text_vectors()
    with tempfile.TemporaryDirectory(prefix="kb-replay-") as folder:
        texts: list[str] = []
        parts = []
        for block, vectors in source.mixtures(EVENTS):
            texts += block
            parts.append(vectors)
        np.save(Path(folder) / "vectors.npy", np.concatenate(parts))
        (Path(folder) / "texts.json").write_text(json.dumps(texts))
        command = [sys.executable, "-m", "tests.performance.replay_process", folder]
        environment = {**os.environ, "KB_DATA_DIR": folder, "KB_DATABASE_URL": ""}
        child = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found = json.loads(child.stdout.splitlines()[-1])
    unit = f"s, {EVENTS} events; no embedding was computed: no encoder and no model library was loaded"
    return [compared(names[0], "", unit, found["replay_s"], found["faiss_s"])]
