"""python -m kb.llm.engine.copy_trial SOURCE COPY THREADS: make the copy, and measure both files.

A program of its own: whatever llama.cpp makes of a strange file, it is not the model server that ends. Writes
one line of JSON: the seconds that an ordinary answer takes from each of the files.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kb.llm.engine.context import Context
from kb.llm.engine.faster_copy import convert
from kb.llm.engine.model import Model
from kb.llm.engine.part import Row

# An ordinary answer for one reader: instructions, passages and question, and some sentences.
PROMPT_TOKENS, ANSWER_TOKENS = 600, 80
_BATCH_ROWS, _SINGLE_ROWS, _ROUNDS = 128, 4, 3
_CELLS = 512
_PAYS = 0.95


@dataclass(frozen=True)
class Measured:
    """Seconds of an ordinary answer from the file as it is, and from its copy."""

    file_s: float
    copy_s: float

    @property
    def copy_pays(self) -> bool:
        """Whether it is sooner by more than nothing: it takes room on the disk and in memory."""
        return self.copy_s <= _PAYS * self.file_s


class _Timed:
    """A loaded file, and the least times that its batches took."""

    def __init__(self, path: Path, threads: int) -> None:
        model = Model(path, 0, threading.Event())
        self._context = Context(model, _CELLS, 1, threads, flash=True)
        token = model.vocabulary_size // 2
        self._prompt = [Row(token, at, 0, at == _BATCH_ROWS - 1) for at in range(_BATCH_ROWS)]
        self._singles = [Row(token, _BATCH_ROWS + at, 0, True) for at in range(_SINGLE_ROWS)]
        self._prompt_s: list[float] = []
        self._single_s: list[float] = []

    def go(self) -> None:
        self._context.clear()
        self._prompt_s.append(self._seconds(self._prompt))
        self._single_s.extend(self._seconds([row]) for row in self._singles)

    def answer_s(self) -> float:
        """The first round reads the weights from the disk; the least time is nobody else's fault."""
        of_prompt = min(self._prompt_s) * PROMPT_TOKENS / _BATCH_ROWS
        return of_prompt + min(self._single_s) * ANSWER_TOKENS

    def _seconds(self, rows: Sequence[Row]) -> float:
        started_s = time.perf_counter()
        self._context.decode(rows)
        return time.perf_counter() - started_s


def measure(source: Path, copy: Path, threads: int) -> Measured:
    """In turns, so that whatever else the machine does, it does to both."""
    both = _Timed(source, threads), _Timed(copy, threads)
    for _ in range(_ROUNDS):
        for timed in both:
            timed.go()
    file_s, copy_s = (timed.answer_s() for timed in both)
    return Measured(file_s, copy_s)


def _main() -> None:
    source, copy, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    if not copy.exists():
        convert(source, copy)
    sys.stdout.write(json.dumps(asdict(measure(source, copy, threads))))


if __name__ == "__main__":
    _main()
