from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.llm.fakes import FakeEngine, Running, eventually


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def server(engine: FakeEngine) -> Iterator[Running]:
    """One slot, two places in the line, and an engine that says what the test tells it."""
    with closing(Running(lambda stopping: engine)) as running:
        eventually(lambda: running.station.is_ready)
        yield running
