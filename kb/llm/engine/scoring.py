"""How likely given continuations of a prompt are, in one evaluation of the prompt."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kb.llm.engine.part import Row
from kb.llm.engine.residents import FORKS, Resident, Residents
from kb.llm.engine.task import Job, Task
from kb.llm.types import Failed, Finished, FinishReason, Scores, Usage

# Of one batch, which everyone who is being answered waits for; and the most tokens of one continuation.
GROUP_ROWS = 64

Logits = npt.NDArray[np.float32]
# Evaluates rows in one batch and gives a function from the number of a row to its logits.
Evaluate = Callable[[Sequence[Row]], Callable[[int], Logits]]


class Piecewise(Protocol):
    def piece(self, remaining: int, riders: int, *, brief: bool = False) -> int:
        """See `kb.llm.engine.batches.Pace`."""


class Scoring(Task):
    """A prompt, and continuations of it; each starts where the prompt ends."""

    def __init__(self, job: Job, *, with_units: bool = False) -> None:
        super().__init__(job, with_units=with_units)
        self.continuations = job.prompt.continuations
        self._logprobs: list[list[float]] = [[] for _ in self.continuations]

    @property
    def to_come(self) -> int:
        return GROUP_ROWS

    def began(self, logits: Logits) -> None:
        """The prompt is evaluated.

        Args:
            logits: float32 [vocabulary] of its last row: what is likely to begin with.
        """
        self._begin()
        firsts = [continuation[0] for continuation in self.continuations]
        for found, logprob in zip(self._logprobs, log_probabilities(logits, firsts), strict=True):
            found.append(logprob)

    def groups(self, rows: int) -> Iterator[list[int]]:
        """The numbers of continuations whose further tokens go together.

        Args:
            rows: so many tokens in each group, unless a single continuation has more; the last token of each
                need not be evaluated.
        """
        group: list[int] = []
        size = 0
        for at, continuation in enumerate(self.continuations):
            more = len(continuation) - 1
            if group and (size + more > rows or len(group) == FORKS):
                yield group
                group, size = [], 0
            if more:
                group.append(at)
                size += more
        if group:
            yield group

    def note(self, at: int, logprob: float) -> None:
        """Of the next token of one continuation."""
        self._logprobs[at].append(logprob)

    def end(self, ending: FinishReason | Failed) -> None:
        if isinstance(ending, Failed):
            self.job.emit(ending)
            return
        if ending == "scored":
            self.job.emit(Scores(tuple(map(tuple, self._logprobs))))
        self.job.emit(Finished(Usage(len(self.job.prompt.tokens), self.cached, 0), ending))


def score(
    scoring: Scoring, seat: Resident, residents: Residents, pace: Piecewise, evaluate: Evaluate
) -> FinishReason:
    """Evaluate the continuations behind the prompt, as forks of it, which leave nothing behind.

    Args:
        seat: the prompt, evaluated to its end; the first tokens of the continuations are noted already.
    """
    rows = max(min(pace.piece(GROUP_ROWS, 0), GROUP_ROWS), 1)
    for group in scoring.groups(rows):
        if scoring.job.is_cancelled():
            return "cancelled"
        size = sum(len(scoring.continuations[at]) - 1 for at in group)
        if not residents.make_room(size):
            raise RuntimeError(f"There is no room for {size} tokens behind a prompt.")
        _score_group(scoring, group, seat, residents, evaluate)
    return "scored"


def _score_group(
    scoring: Scoring, group: Sequence[int], seat: Resident, residents: Residents, evaluate: Evaluate
) -> None:
    start = len(seat.tokens)
    forks = {at: residents.fork(seat) for at in group}
    rows, wanted = [], []
    for at, fork in forks.items():
        tokens = scoring.continuations[at]
        for step, (token, following) in enumerate(itertools.pairwise(tokens)):
            rows.append(Row(token, start + step, fork.sequence, True))
            wanted.append((at, following))
        residents.extend(fork, tokens[:-1])
    logits = evaluate(rows)
    for row, (at, following) in enumerate(wanted):
        scoring.note(at, *log_probabilities(logits(row), [following]))
    for fork in forks.values():
        residents.drop(fork)


def log_probabilities(logits: Logits, tokens: Sequence[int]) -> list[float]:
    """Natural logarithms of the probabilities of these tokens.

    Args:
        logits: float32 [vocabulary].
    """
    wide = logits.astype(np.float64)
    most = wide.max()
    total = most + np.log(np.exp(wide - most).sum())
    return [float(wide[token] - total) for token in tokens]
