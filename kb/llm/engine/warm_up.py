"""Before the first question: read the weights from the disk, and learn how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kb.llm.engine.batches import ALIGNMENT, Pace
from kb.llm.engine.drafting import LONGEST_S, MOST_ROWS
from kb.llm.engine.part import Row
from kb.llm.engine.scheduler import Decoder

_PROMPT_TOKENS = 64


def warm_up(
    decoder: Decoder, pace: Pace, token: int, slots: int, clock: Callable[[], float] = time.monotonic
) -> dict[int, float]:
    """Evaluate a short prompt, batches of one, two, four and so on answers, and of guesses, each twice.

    The first call of all walks through the whole vocabulary; no question should wait for it.

    Args:
        token: any that is no control token.
        slots: the most answers that will ever decode together.

    Returns:
        Seconds by rows, of batches that want the logits of every row.
    """
    prompt = [Row(token, at, 0, at == _PROMPT_TOKENS - 1) for at in range(_PROMPT_TOKENS)]
    pace.note(len(prompt), 0, _second_time_s(decoder, prompt, clock))
    costs: dict[int, float] = {}
    answers = 1
    while answers <= slots:
        rows = [Row(token, 0, sequence, True) for sequence in range(answers)]
        costs[answers] = _second_time_s(decoder, rows, clock)
        pace.note(0, answers, costs[answers])
        answers *= 2
    for guesses in range(ALIGNMENT, MOST_ROWS + 1, ALIGNMENT):
        if max(costs.values()) > LONGEST_S:
            break  # on a slow machine, nobody should wait for what will not be used
        rows = [Row(token, at, 0, True) for at in range(guesses)]
        costs[guesses] = _second_time_s(decoder, rows, clock)
    return costs


def _second_time_s(decoder: Decoder, rows: Sequence[Row], clock: Callable[[], float]) -> float:
    """The first time, a batch of a new size is also planned."""
    decoder.decode(rows)
    decoder.clear()
    started_s = clock()
    decoder.decode(rows)
    duration_s = clock() - started_s
    decoder.clear()
    return duration_s
