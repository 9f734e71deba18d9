"""Whatever is asked, cancelled and broken, in whatever order: nothing leaks, and every answer is right."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kb.llm.engine.residents import UNITS_AT_ONCE
from kb.llm.engine.units import UnitStore
from kb.llm.types import Span
from tests.llm.bench import Asked, Bench
from tests.llm.fake_model import COPYING
from tests.llm.unaided import alone, scored_alone

SLOTS, CELLS, AGAIN = 3, 240, 2
# Some of the passages fit in, never all of them.
STORE_BYTES = 1500
PASSAGES = [random.Random(seed).choices(range(1, 40), k=10 + seed) for seed in range(10, 16)]
STARTS = [random.Random(seed).choices(range(1, 40), k=90) for seed in range(3)]
STARTS.append([COPYING, *random.Random(3).choices(range(1, 40), k=89)])


def check_ending(asked: Asked) -> None:
    """One ending; whole answers are the ones that each would get alone, the others begin like them."""
    if asked.job.prompt.continuations:
        check_scores(asked)
        return
    text, reason = alone(asked.job.prompt, AGAIN)
    if asked.ending in ("cancelled", "failed"):
        assert text.startswith(asked.text)
    else:
        assert (asked.text, asked.ending) == (text, reason)


def check_scores(asked: Asked) -> None:
    assert not asked.text
    assert asked.ending in ("scored", "cancelled", "failed")
    if asked.ending == "scored":
        for found, wanted in zip(asked.scores, scored_alone(asked.job.prompt), strict=True):
            assert found == pytest.approx(wanted, abs=1e-5)
    else:
        assert not asked.scores


class SchedulerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(SLOTS, CELLS, UnitStore(STORE_BYTES), AGAIN, drafts=True)
        self.asked: list[Asked] = []

    @rule(
        start=st.sampled_from(STARTS),
        shared=st.integers(0, 90),
        rest=st.lists(st.integers(1, 39), min_size=1, max_size=30),
        answer=st.integers(1, 30),
    )
    def ask(self, start: list[int], shared: int, rest: list[int], answer: int) -> None:
        self.asked.append(self.bench.ask([*start[:shared], *rest], answer))

    @rule(
        start=st.sampled_from(STARTS),
        shared=st.integers(1, 90),
        continuations=st.lists(
            st.lists(st.integers(1, 39), min_size=1, max_size=40), min_size=1, max_size=12
        ),
    )
    def score(self, start: list[int], shared: int, continuations: list[list[int]]) -> None:
        self.asked.append(self.bench.score(start[:shared], continuations))

    @rule(
        start=st.sampled_from(STARTS),
        which=st.lists(st.sampled_from(PASSAGES), min_size=1, max_size=5),
        gap=st.integers(0, 3),
        rest=st.lists(st.integers(1, 39), min_size=8, max_size=20),
    )
    def ask_of_passages(self, start: list[int], which: list[list[int]], gap: int, rest: list[int]) -> None:
        tokens, units = start[:20], []
        for passage in which:
            tokens = [*tokens, *start[:gap]]
            units.append(Span(len(tokens), len(tokens) + len(passage)))
            tokens += passage
        self.asked.append(self.bench.ask([*tokens, *rest], 12, units=units))

    @rule(times=st.integers(1, 12))
    def step(self, times: int) -> None:
        self.bench.step(times)

    @rule(which=st.integers(0, 100))
    def cancel(self, which: int) -> None:
        if self.asked:
            self.asked[which % len(self.asked)].job.cancel()

    @rule()
    def break_next_batch(self) -> None:
        self.bench.model.broken = True

    @invariant()
    def nothing_leaks(self) -> None:
        self.bench.check()
        in_use = [one for one in self.bench.scheduler.residents.all if not one.is_idle]
        assert len(in_use) <= SLOTS + UNITS_AT_ONCE
        store = self.bench.store
        assert store is not None and store.size_bytes <= STORE_BYTES

    def teardown(self) -> None:
        self.bench.run()
        self.bench.check()
        for asked in self.asked:
            check_ending(asked)


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_thousand_requests_of_every_length_leave_nothing_behind() -> None:
    """Readers come at any time, and a third of them leave before the end."""
    chance = random.Random(4)
    bench = Bench(slots=4, cells=400, drafts=True)
    asked: list[Asked] = []
    for _ in range(1000):
        start = chance.choice(STARTS)[: chance.randint(0, 90)]
        rest = chance.choices(range(1, 40), k=chance.randint(1, 120))
        asked.append(bench.ask([*start, *rest], chance.randint(1, 60)))
        bench.step(chance.randint(0, 12))
        if chance.random() < 0.35:
            chance.choice(asked[-6:]).job.cancel()
        if chance.random() < 0.1:
            bench.check()
    bench.run()
    bench.check()
    for one in asked:
        check_ending(one)
    endings = [one.ending for one in asked]
    assert {"stop", "length", "cancelled"} == set(endings)
    assert endings.count("cancelled") > 50
    assert any(one.cached for one in asked if one.ending == "length")
    assert bench.scheduler.work.drafted_rows > bench.scheduler.work.accepted_rows > 500
