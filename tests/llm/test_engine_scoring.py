"""Log-probabilities of continuations with the real built-in model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from kb.exceptions import InvalidInputError, PromptTooLongError
from kb.llm.cores import usable_cores
from kb.llm.engine.batches import Pace
from kb.llm.engine.context import MAX_BATCH, Context
from kb.llm.engine.model import Model
from kb.llm.engine.part import Row
from kb.llm.engine.residents import sequences_for
from kb.llm.engine.scheduler import Scheduler
from kb.llm.engine.task import Job
from kb.llm.model_file import find_model
from kb.llm.types import ChatMessage, EngineEvent, Prompt, Sampling, Scores
from tests.llm.session import CONTEXT_TOKENS, SYSTEM, Session, collect, loaded
from tests.llm.ties import CELLS, SLOTS, TIE


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with loaded(find_model("built-in").path, slots=SLOTS) as engine:
        yield Session(engine)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(find_model("built-in").path, 0, threading.Event())


@pytest.fixture
def context(model: Model) -> Iterator[Context]:
    context = Context(model, CELLS, sequences_for(SLOTS), usable_cores(), flash=True)
    try:
        yield context
    finally:
        context.close()


def logprobs_of(context: Context, prompt: Sequence[int], continuation: Sequence[int]) -> list[float]:
    """By a full evaluation of both in one sequence."""
    context.clear()
    tokens, found = [*prompt, *continuation], []
    for start in range(0, len(tokens), MAX_BATCH):
        part = tokens[start : start + MAX_BATCH]
        context.decode([Row(token, start + at, 0, True) for at, token in enumerate(part)])
        for at in range(len(part)):
            following = start + at + 1
            if len(prompt) <= following < len(tokens):
                logits = context.logits(at).astype(np.float64)
                total = logits.max() + np.log(np.exp(logits - logits.max()).sum())
                found.append(float(logits[tokens[following]] - total))
    return found


def scores(
    context: Context, model: Model, prompt: Prompt, continuations: Sequence[Sequence[int]]
) -> list[list[float]]:
    context.clear()
    scheduler = Scheduler(context, model, SLOTS, CELLS, Pace(MAX_BATCH))
    events: list[EngineEvent] = []
    given = Prompt(prompt.tokens, 64, tuple(map(tuple, continuations)))
    scheduler.add(Job(given, Sampling(), events.append, threading.Event()))
    while not scheduler.is_idle:
        scheduler.step()
    (told,) = (event for event in events if isinstance(event, Scores))
    return [list(one) for one in told.logprobs]


def test_scores_are_those_of_a_full_evaluation_in_any_order_and_number(
    context: Context, model: Model, session: Session
) -> None:
    """Up to what rounding does to a logit: see TIE."""
    prompt = session.prompt("Is travel booked in Wayfarer?")
    texts = ["Yes", "No", "The documents do not say.", "Travel is booked in the tool called Wayfarer."]
    continuations = [model.tokenize(text, with_control=False) for text in texts]
    together = scores(context, model, prompt, continuations)
    turned = scores(context, model, prompt, continuations[::-1])[::-1]
    for at, continuation in enumerate(continuations):
        wanted = logprobs_of(context, prompt.tokens, continuation)
        (single,) = scores(context, model, prompt, [continuation])
        for found in (together[at], turned[at], single):
            assert found == pytest.approx(wanted, abs=TIE)
            assert max(found) <= 0
    # What is in the passages is far likelier, token by token, than what only could be.
    assert np.mean(together[3]) > np.mean(together[2])


def test_score_and_the_answer_after_it_share_the_prompt(session: Session) -> None:
    question = "May hotels be booked elsewhere, and when?"
    session.forget()
    messages = [SYSTEM, ChatMessage("user", question)]
    asked = session.engine.prepare(messages, None, ["Yes", "No", "It depends."])
    usages = []
    for _ in range(2):
        events, _ = session.begin(asked)
        usages.append(collect(events).end.usage)
    answer = session.ask(question).end.usage

    assert usages[1].cached_tokens > 0.8 * usages[1].prompt_tokens
    assert answer.cached_tokens > 0.8 * answer.prompt_tokens
    assert (usages[0].completion_tokens, usages[0].prompt_tokens) == (0, answer.prompt_tokens)


def test_continuations_that_are_too_long_are_refused_with_both_numbers(session: Session) -> None:
    messages = [SYSTEM]
    with pytest.raises(InvalidInputError, match=r"has \d+ tokens; it may have 64"):
        session.engine.prepare(messages, None, ["travel " * 80])
    with pytest.raises(InvalidInputError, match=r"have \d+ tokens together; they may have 256"):
        session.engine.prepare(messages, None, ["travel " * 40] * 8)
    with pytest.raises(PromptTooLongError, match=r"The prompt has \d+ tokens .* context of \d+"):
        session.engine.prepare([ChatMessage("user", "travel " * CONTEXT_TOKENS)], None, ["Yes"])
