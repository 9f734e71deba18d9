"""Before the first question: read the weights from the disk, and learn how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kb.llm.engine.batches import Pace
from kb.llm.engine.scheduler import Decoder, Row

_PROMPT_TOKENS = 64


def warm_up(
    decoder: Decoder, pace: Pace, token: int, slots: int, clock: Callable[[], float] = time.monotonic
) -> None:
    """Evaluate a short prompt, then batches of one, two, four and so on answers, each twice.

    The first call of all walks through the whole vocabulary; no question should wait for it.

    Args:
        token: any that is no control token.
        slots: the most answers that will ever decode together.
    """
    prompt = [Row(token, at, 0, at == _PROMPT_TOKENS - 1) for at in range(_PROMPT_TOKENS)]
    pace.note(len(prompt), 0, _second_time_s(decoder, prompt, clock))
    answers = 1
    while answers <= slots:
        rows = [Row(token, 0, sequence, True) for sequence in range(answers)]
        pace.note(0, answers, _second_time_s(decoder, rows, clock))
        answers *= 2


def _second_time_s(decoder: Decoder, rows: Sequence[Row], clock: Callable[[], float]) -> float:
    """The first time, a batch of a new size is also planned."""
    decoder.decode(rows)
    decoder.clear()
    started_s = clock()
    decoder.decode(rows)
    duration_s = clock() - started_s
    decoder.clear()
    return duration_s
