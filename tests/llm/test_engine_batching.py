"""Many answers at once with the real built-in model."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.llm.cores import usable_cores
from kb.llm.engine.batches import Pace
from kb.llm.engine.context import MAX_BATCH, Context
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.model import Model
from kb.llm.engine.part import Row
from kb.llm.engine.residents import sequences_for
from kb.llm.engine.row_costs import RowCosts
from kb.llm.engine.scheduler import Scheduler
from kb.llm.engine.task import Job
from kb.llm.model_file import find_model
from kb.llm.types import (
    Began,
    EngineEvent,
    Failed,
    Finished,
    Generation,
    Prompt,
    Sampling,
)
from tests.llm.session import Session, collect, loaded
from tests.llm.ties import CELLS, SLOTS, TIE, answers, check_same_but_for_ties

QUESTIONS = [
    "Where do I book travel?",
    "How long are receipts kept?",
    "Tell a story.",
    "When may I book a hotel elsewhere?",
    "Write a poem about the sea.",
    "Who are you?",
]


@pytest.fixture(scope="module")
def path() -> Path:
    return find_model("built-in").path


@pytest.fixture(scope="module")
def session(path: Path) -> Iterator[Session]:
    with loaded(path, slots=SLOTS) as engine:
        yield Session(engine)


@pytest.fixture(scope="module")
def model(path: Path) -> Model:
    return Model(path, 0, threading.Event())


@pytest.fixture
def context(model: Model) -> Iterator[Context]:
    context = Context(model, CELLS, sequences_for(SLOTS), usable_cores(), flash=True)
    try:
        yield context
    finally:
        context.close()


class Eager(RowCosts):
    """Rows that cost next to nothing, whatever is measured: so the same is guessed each time."""

    def __init__(self) -> None:
        super().__init__({1: 0.01, 32: 0.012})

    def note(self, rows: int, duration_s: float) -> None:
        pass


def test_answers_in_a_batch_differ_from_those_alone_only_where_two_tokens_are_equally_likely(
    context: Context, model: Model, session: Session
) -> None:
    """llama.cpp sums in another order where a row stands elsewhere in its batch or in the cache.

    From the first place where that tips the balance, the two answers are about as good and go their own
    ways. With one slot there is no such place: see `kb.llm.engine.residents`.
    """
    prompts = [session.prompt(question, max_tokens=32) for question in QUESTIONS[:SLOTS]]
    batched = answers(context, model, prompts)
    for prompt, together in zip(prompts, batched, strict=True):
        (single,) = answers(context, model, [prompt])
        check_same_but_for_ties(context, prompt, single, together)


@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_guessed_answers_differ_from_others_only_where_two_tokens_are_equally_likely(
    context: Context, model: Model, session: Session, penalty: float
) -> None:
    """A batch of guesses is summed in another order than a single row."""
    sampling = Sampling(frequency_penalty=penalty)
    prompts = [session.prompt(f"Repeat passage [{n}], word for word.", max_tokens=60) for n in (1, 2, 3)]
    guessed = answers(context, model, prompts, sampling, Drafting(Eager()))
    for prompt, one in zip(prompts, guessed, strict=True):
        (plain,) = answers(context, model, [prompt], sampling)
        check_same_but_for_ties(context, prompt, plain, one, penalty)


def test_drawn_answers_are_guessed_too_and_their_seeds_repeat_them(
    context: Context, model: Model, session: Session
) -> None:
    prompt = session.prompt("Repeat passage [1], word for word.", max_tokens=60)
    sampling = Sampling(temperature=0.2, seed=3)
    first, again = (answers(context, model, [prompt], sampling, Drafting(Eager())) for _ in range(2))
    assert first == again


def test_prefix_that_is_copied_continues_like_one_that_was_evaluated(
    context: Context, model: Model, session: Session
) -> None:
    first, second = (list(session.prompt(question).tokens) for question in QUESTIONS[:2])
    shared = 64
    assert first[:shared] == second[:shared]
    context.decode([Row(token, at, 0, False) for at, token in enumerate(first)])
    context.copy(0, 1, shared)
    context.forget(0)
    rest = second[shared:]
    context.decode([Row(token, shared + at, 1, at == len(rest) - 1) for at, token in enumerate(rest)])
    copied = context.logits(len(rest) - 1).copy()
    context.clear()
    context.decode([Row(token, at, 3, at == len(second) - 1) for at, token in enumerate(second)])

    assert abs(context.logits(len(second) - 1) - copied).max() < TIE
    assert [context.length(sequence) for sequence in range(4)] == [0, 0, 0, len(second)]


def test_question_finds_what_another_running_answer_begins_with(session: Session) -> None:
    story, telling = session.begin(session.prompt("Tell a long story.", max_tokens=300))
    begun = story.get(timeout=120)
    other = session.ask("How long are receipts kept?").end.usage
    telling.cancel()

    assert isinstance(begun, Began)
    assert other.cached_tokens > 0.7 * other.prompt_tokens
    assert collect(story).end.reason in ("cancelled", "stop")


def test_each_answer_has_its_own_sampling_and_its_own_end(session: Session) -> None:
    seeds = [
        session.begin(session.prompt("Tell a story."), Sampling(temperature=1.5, seed=n)) for n in (1, 2)
    ]
    stopped, _ = session.begin(session.prompt("Tell a story."), Sampling(stop=(" ",)))
    short, _ = session.begin(session.prompt("Tell a story.", max_tokens=2))
    one, other = (collect(events) for events, _ in seeds)

    assert one.text != other.text
    assert " " not in collect(stopped).text
    assert collect(short).end.usage.completion_tokens == 2


def test_penalties_and_narrow_sampling_change_what_is_drawn(session: Session) -> None:
    greedy = session.ask("Count: one, one, one,", max_tokens=40).text
    penalised = session.ask(
        "Count: one, one, one,", 40, Sampling(presence_penalty=2.0, frequency_penalty=2.0)
    ).text
    narrow = session.ask(
        "Count: one, one, one,", 40, Sampling(temperature=2.0, top_k=1, min_p=0.9, seed=1)
    ).text

    assert penalised != greedy
    assert narrow[:10] == greedy[:10]


def test_random_requests_leave_nothing_behind(context: Context, model: Model, session: Session) -> None:
    chance = random.Random(5)
    scheduler = Scheduler(context, model, SLOTS, CELLS, Pace(MAX_BATCH))
    events: list[list[EngineEvent]] = []
    jobs: list[Generation] = []
    for _ in range(30):
        words = " ".join(chance.choices(["travel", "hotel", "receipt", "venue"], k=chance.randint(1, 40)))
        prompt = session.prompt(words, max_tokens=chance.randint(1, 12))
        events.append([])
        job = Job(prompt, Sampling(), events[-1].append, threading.Event())
        jobs.append(job)
        scheduler.add(job)
        for _ in range(chance.randint(0, 6)):
            scheduler.step()
        if chance.random() < 0.4:
            chance.choice(jobs[-4:]).cancel()
    while not scheduler.is_idle:
        scheduler.step()

    assert all(isinstance(one[-1], Finished) for one in events)
    assert sum(isinstance(event, Finished | Failed) for one in events for event in one) == len(events)
    kept = {resident.sequence: len(resident.tokens) for resident in scheduler.residents.all}
    assert all(resident.is_idle for resident in scheduler.residents.all)
    for sequence in range(sequences_for(SLOTS)):
        assert context.length(sequence) == kept.get(sequence, 0)
    whole = Prompt(tuple(range(300, 300 + CELLS - 8)), 8)
    heard: queue.Queue[EngineEvent] = queue.Queue()
    scheduler.add(Job(whole, Sampling(), heard.put, threading.Event()))
    while not scheduler.is_idle:
        scheduler.step()
    assert collect(heard).end.usage.prompt_tokens == CELLS - 8
