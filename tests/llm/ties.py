"""Answers of the scheduler as tokens, and whether two of them differ only where llama.cpp may."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kb.llm.engine.batches import Pace
from kb.llm.engine.context import MAX_BATCH, Context
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.model import Model
from kb.llm.engine.part import Row
from kb.llm.engine.scheduler import Scheduler
from kb.llm.engine.task import Job
from kb.llm.types import EngineEvent, Prompt, Sampling

SLOTS, CELLS = 4, 1024
# How far the logits of the built-in model move when its sums are made in another order: its products round
# their inputs to eight bits, which makes a difference in the last place of a sum one of a whole step.
TIE = 1.0


def ignore(event: EngineEvent) -> None:
    pass


def answers(
    context: Context,
    model: Model,
    prompts: Sequence[Prompt],
    sampling: Sampling | Sequence[Sampling] | None = None,
    drafting: Drafting | None = None,
) -> list[list[int]]:
    """The tokens of the answers to prompts that come all at once, without the last token of each.

    Args:
        sampling: of all of them, or of each.
    """
    context.clear()
    scheduler = Scheduler(context, model, SLOTS, CELLS, Pace(MAX_BATCH), drafting)
    given = sampling or Sampling()
    samplings = [given] * len(prompts) if isinstance(given, Sampling) else given
    for prompt, one in zip(prompts, samplings, strict=True):
        scheduler.add(Job(prompt, one, ignore, threading.Event()))
    while not scheduler.is_idle:
        scheduler.step()
    assert (scheduler.work.accepted_rows > 10) == (drafting is not None)
    kept = [resident.tokens for resident in scheduler.residents.all]
    return [
        next(
            tokens[len(prompt.tokens) :]
            for tokens in kept
            if tuple(tokens[: len(prompt.tokens)]) == prompt.tokens
        )
        for prompt in prompts
    ]


def check_same_but_for_ties(
    context: Context, prompt: Prompt, one: Sequence[int], other: Sequence[int], penalty: float = 0.0
) -> None:
    """Two answers agree up to where both next tokens are equally likely, or to the end."""
    pairs = list(zip(one, other, strict=False))
    at = next((at for at, (left, right) in enumerate(pairs) if left != right), None)
    if at is not None:
        said = one[:at]
        left, right = pairs[at]
        taken = penalty * (said.count(left) - said.count(right))
        assert abs(margin(context, [*prompt.tokens, *said], left, right) - taken) < TIE
    assert min(len(one), len(other)) > 4


def margin(context: Context, tokens: Sequence[int], one: int, other: int) -> float:
    """How much likelier one next token is than the other, as a difference of logits."""
    context.clear()
    for start in range(0, len(tokens), MAX_BATCH):
        part = tokens[start : start + MAX_BATCH]
        context.decode([Row(token, start + at, 0, at == len(part) - 1) for at, token in enumerate(part)])
    logits = context.logits(len(part) - 1)
    return float(logits[one]) - float(logits[other])
