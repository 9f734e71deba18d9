"""A scheduler on the fake model, driven by hand."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.llm.engine.batches import Pace
from kb.llm.engine.drafting import Drafting
from kb.llm.engine.residents import sequences_for
from kb.llm.engine.row_costs import RowCosts
from kb.llm.engine.scheduler import Scheduler
from kb.llm.engine.task import Job
from kb.llm.engine.units import UnitStore
from kb.llm.types import Began, EngineEvent, Failed, Finished, Piece, Prompt, Sampling, Scores, Span
from tests.llm.fake_model import MAX_BATCH, ROW_S, STEP_S, FakeModel


@dataclass
class Asked:
    """What came of one question."""

    job: Job
    events: list[EngineEvent] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Piece))

    @property
    def scores(self) -> list[list[float]]:
        """Empty while there are none."""
        told = [event for event in self.events if isinstance(event, Scores)]
        assert len(told) <= 1
        return [list(one) for event in told for one in event.logprobs]

    @property
    def cached(self) -> int:
        return next(event.cached_tokens for event in self.events if isinstance(event, Began))

    @property
    def endings(self) -> list[Finished | Failed]:
        return [event for event in self.events if isinstance(event, Finished | Failed)]

    @property
    def ending(self) -> str:
        """Why it ended; empty while it has not."""
        if not self.endings:
            return ""
        (only,) = self.endings
        return str(only.reason) if isinstance(only, Finished) else "failed"


class Bench:
    """A scheduler on the fake model, driven by hand."""

    def __init__(
        self,
        slots: int = 4,
        cells: int = 400,
        store: UnitStore | None = None,
        again: int = 0,
        *,
        drafts: bool = False,
    ) -> None:
        self.model = FakeModel(cells, sequences_for(slots))
        costs = RowCosts({1: STEP_S + ROW_S, 64: STEP_S + 64 * ROW_S})
        self.scheduler = Scheduler(
            self.model,
            self.model,
            slots,
            cells,
            Pace(MAX_BATCH),
            Drafting(costs) if drafts else None,
            self.model.clock,
            store=store,
            again=again,
        )
        self.store = store
        self._stopping = threading.Event()

    def ask(
        self,
        tokens: Sequence[int],
        max_tokens: int = 8,
        stop: tuple[str, ...] = (),
        units: Sequence[Span] = (),
    ) -> Asked:
        return self._add(Prompt(tuple(tokens), max_tokens, units=tuple(units)), Sampling(stop=stop))

    def score(self, tokens: Sequence[int], continuations: Sequence[Sequence[int]]) -> Asked:
        given = tuple(map(tuple, continuations))
        return self._add(Prompt(tuple(tokens), max(map(len, given)), given), Sampling())

    def _add(self, prompt: Prompt, sampling: Sampling) -> Asked:
        events: list[EngineEvent] = []
        job = Job(prompt, sampling, events.append, self._stopping)
        asked = Asked(job, events)
        self.scheduler.add(job)
        return asked

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.scheduler.step()

    def run(self) -> None:
        """Until nothing is left to do."""
        for _ in range(100_000):
            if self.scheduler.is_idle:
                return
            self.scheduler.step()
        raise AssertionError("it never ended")

    def check(self) -> None:
        """The ledger says what the cache holds, and nobody has a place in it who is gone."""
        residents = self.scheduler.residents
        for resident in residents.all:
            assert self.model.content(resident.sequence) == resident.tokens
            assert len(resident.cells) == len(resident.tokens)
        held = {sequence for cell in self.model.cells for sequence in cell.sequences}
        assert held <= {resident.sequence for resident in residents.all}
        assert residents.cells_used == len(self.model.cells)
        if self.scheduler.is_idle:
            assert all(resident.is_idle for resident in residents.all)
            assert self.model.open_samplers == 0
