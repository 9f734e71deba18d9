"""How likely a language model finds given words: what a client gets for `score`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Score:
    """How likely one continuation is.

    Attributes:
        logprob: natural logarithm of the probability of all its tokens, one after the other.
        token_logprobs: of each.
        model: that was asked, by the name that its server gives it.
    """

    text: str
    logprob: float
    token_logprobs: tuple[float, ...]
    model: str


class Scorer(Protocol):
    async def score(
        self, messages: Sequence[Mapping[str, Any]], continuations: Sequence[str], *, user: str = ""
    ) -> list[Score]:
        """How likely the model is to continue the messages with each of these texts, in their order.

        Messages are as for `Generator.stream`.

        An answer to messages that begin alike finds them evaluated.

        Raises:
            NotOfferedError: the endpoint has no such call, as those that are not ours.
            PromptTooLongError, LLMBusyError, LLMUnavailableError: as `Generator.stream`.
        """


def parsed_scores(given: Mapping[str, Any]) -> list[Score]:
    """What the model server sends; raises KeyError, TypeError or ValueError for anything else."""
    model = str(given["model"])
    return [
        Score(str(one["text"]), float(one["logprob"]), tuple(map(float, one["token_logprobs"])), model)
        for one in given["results"]
    ]
