"""What the language model itself says of whether the passages state the answer.

It is only asked where a calibration was made with its opinion, and counts as one signal among others: small
models have none (docs/decisions/0025-calibrated-gate.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kb.chat.prompt import Prompt
from kb.llm.errors import NotOfferedError
from kb.llm.scores import Scorer

_YES, _NO = "Yes", "No"
# Beyond this, floats cannot tell the probability from 0 or 1 anyway.
_MOST = 500.0


@dataclass(frozen=True)
class Opinion:
    """A language model's.

    Attributes:
        probability: of Yes against No, to whether the passages state the answer; from 0 to 1.
        model: whose it is, by the name that its server gives it.
    """

    probability: float
    model: str


async def opinion_of(scorer: Scorer, prompt: Prompt) -> Opinion | None:
    """Ask in the words of the prompt that the answer would be made from, so that it is evaluated once.

    Returns:
        None from an endpoint that cannot tell.

    Raises:
        PromptTooLongError, LLMBusyError, LLMUnavailableError: as for an answer.
    """
    try:
        yes, no = await scorer.score(prompt.messages(check=True), (_YES, _NO), user=prompt.user)
    except NotOfferedError:
        return None
    odds = max(-_MOST, min(_MOST, yes.logprob - no.logprob))
    return Opinion(1 / (1 + math.exp(-odds)), yes.model)
