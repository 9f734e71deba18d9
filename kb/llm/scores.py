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
    """

    text: str
    logprob: float
    token_logprobs: tuple[float, ...]


class Scorer(Protocol):
    async def score(
        self, messages: Sequence[Mapping[str, str]], continuations: Sequence[str], *, user: str = ""
    ) -> list[Score]:
        """How likely the model is to continue the messages with each of these texts, in their order.

        An answer to messages that begin alike finds them evaluated.

        Raises:
            NotOfferedError: the endpoint has no such call, as those that are not ours.
            PromptTooLongError, LLMBusyError, LLMUnavailableError: as `Generator.stream`.
        """


def parsed_score(given: Mapping[str, Any]) -> Score:
    """One result as the model server sends it; raises KeyError, TypeError or ValueError for anything else."""
    return Score(str(given["text"]), float(given["logprob"]), tuple(map(float, given["token_logprobs"])))
