from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from kb.llm import client
from tests.llm.fakes import PATIENT_S, FakeEngine, Running, eventually


@pytest.fixture(autouse=True)
def patient_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site waits some seconds to be told how the model is; a machine that stands still needs more."""
    monkeypatch.setattr(client, "_HEALTH_TIMEOUT_S", PATIENT_S)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def server(engine: FakeEngine) -> Iterator[Running]:
    """One slot, two places in the line, and an engine that says what the test tells it."""
    with closing(Running(lambda stopping: engine)) as running:
        eventually(lambda: running.station.is_ready)
        yield running
