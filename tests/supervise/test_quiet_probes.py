from __future__ import annotations

import pytest
from django.test import Client

from kb.supervise import parts, views
from kb.supervise.health import Health, Status


@pytest.fixture(autouse=True)
def nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe() -> dict[str, Health]:
        return {name: Health(Status.DOWN) for name in parts.PARTS}

    monkeypatch.setattr(views, "probe_parts", probe)


def test_red_probe_is_no_error_in_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/readyz").status_code == 503

    assert caplog.records == []


def test_other_errors_of_the_probe_are(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.post("/readyz").status_code == 405

    assert [record.levelname for record in caplog.records] == ["WARNING"] * len(caplog.records) != []
