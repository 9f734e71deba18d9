"""How much of the processor's time our own Python takes of each token, while eight answers decode.

Thread clocks tell: all that the process takes, less what its threads take inside of llama_decode. To see
where it goes: `py-spy record --native --pid PID` while this runs.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence

from django.conf import settings

from kb.quality.deployment import free_port
from tests.performance.readers import KEY, client_of, read
from tests.performance.result import CannotRunError, Result, compared

_READERS = 8
_ROUNDS = 4
_ANSWER_TOKENS = 96


def run(names: Sequence[str]) -> list[Result]:
    """One server; each round is eight answers."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.performance.python_share_process", str(port), KEY],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _snapshot(process)  # waits for the model
        return [asyncio.run(_measure(process, f"http://127.0.0.1:{port}"))]
    finally:
        process.kill()
        process.communicate()


async def _measure(process: subprocess.Popen[str], url: str) -> Result:
    ours: list[float] = []
    whole: list[float] = []
    async with client_of(url) as client:
        for at in range(_ROUNDS + 1):
            questions = [
                f"Write a long story about the years {1900 + at} and {reader}." for reader in range(8)
            ]
            before = _snapshot(process)
            answers = await asyncio.gather(*(read(client, text, _ANSWER_TOKENS) for text in questions))
            after = _snapshot(process)
            tokens = sum(len(answer.words_s) for answer in answers)
            if at:  # the first round warms up
                ours.append((after["python_s"] - before["python_s"]) * 1000 / tokens)
                whole.append((after["all_s"] - before["all_s"]) * 1000 / tokens)
    unit = f"ms of CPU for each token of {_READERS} answers, our Python / the whole model server"
    return compared("llm_python_share", "<= 0.05", unit, ours, whole)


def _snapshot(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise CannotRunError("The model server has ended by itself.")
    found: dict[str, float] = json.loads(line)
    return found
