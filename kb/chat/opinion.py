"""What the language model itself says of whether the passages state the answer.

It is asked of the nearest passages, each alone, because a model of a billion parameters judges one passage
far better than several. It is only asked where a fit was made with its opinion, and counts as one signal
among others: smaller models have none (docs/decisions/0025-calibrated-gate.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from kb.chat.prompt import Prompt
from kb.llm.errors import NotOfferedError
from kb.llm.scores import Scorer
from kb.rag.nearness import Nearness, nearest_first

_YES, _NO = "Yes", "No"
# Beyond this, floats cannot tell the probability from 0 or 1 anyway.
_MOST = 500.0
# An answer stands seldom further down, and each costs an evaluation.
_ASKED = 2


@dataclass(frozen=True)
class Opinion:
    """A language model's.

    Attributes:
        probability: of Yes against No, to whether a passage states the answer; from 0 to 1, the largest.
        model: whose it is, by the name that its server gives it.
    """

    probability: float
    model: str


async def opinion_of(
    scorer: Scorer,
    prompt: Prompt,
    nearness: Nearness,
    settles: Callable[[float], bool] = lambda probability: False,
) -> Opinion | None:
    """Ask of the nearest passages, one after the other.

    Args:
        prompt: with passages, at least one.
        nearness: of their statements to the question.
        settles: whether this probability is enough, so that no other passage needs to be asked about.

    Returns:
        None from an endpoint that cannot tell.

    Raises:
        PromptTooLongError, LLMBusyError, LLMUnavailableError: as for an answer.
    """
    best: Opinion | None = None
    for passage in nearest_first(prompt.passages, nearness)[:_ASKED]:
        try:
            yes, no = await scorer.score(prompt.check(passage), (_YES, _NO), user=prompt.user)
        except NotOfferedError:
            return None
        odds = max(-_MOST, min(_MOST, yes.logprob - no.logprob))
        said = Opinion(1 / (1 + math.exp(-odds)), yes.model)
        best = said if best is None else max(best, said, key=lambda opinion: opinion.probability)
        if settles(best.probability):
            break
    return best
