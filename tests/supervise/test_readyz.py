from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest
from django.db import OperationalError
from django.test import AsyncClient, Client

from kb.accounts.models import User, create_api_key
from kb.secrets import internal_token
from kb.supervise import parts, views
from kb.supervise.health import Health, Status
from kb.supervise.parts import PARTS, probe_parts

PATIENT_S = 60.0
ALL_OK = {name: Health(Status.OK, "as planned", {"device": "cpu"}) for name in PARTS}


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Health]]:
    """What the probes find; change it in the test."""
    found = dict(ALL_OK)

    async def probe() -> Mapping[str, Health]:
        return found

    monkeypatch.setattr(views, "probe_parts", probe)
    yield found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_healthz_answers_without_database_or_redis(client: Client) -> None:
    """The test has no access to the database: a query would fail."""
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_readyz_names_every_part(client: Client, states: dict[str, Health]) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "parts": {name: {"status": "ok"} for name in PARTS}}
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("status", [Status.DOWN, Status.FAILED, Status.LOADING])
def test_one_part_that_does_not_work_makes_it_503(
    client: Client, states: dict[str, Health], name: str, status: Status
) -> None:
    states[name] = Health(status)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"][name] == {"status": status}


@pytest.mark.django_db
def test_strangers_and_plain_users_learn_no_details(
    client: Client, states: dict[str, Health], stranger: User
) -> None:
    """case 8: no configuration, no path, no version."""
    anonymous = client.get("/readyz").content
    client.force_login(stranger)

    assert client.get("/readyz").content == anonymous
    assert client.get("/readyz", headers=bearer("wrong")).content == anonymous
    assert b"cpu" not in anonymous
    assert b"planned" not in anonymous


@pytest.mark.django_db
def test_admins_and_our_own_processes_see_details(
    client: Client, states: dict[str, Health], admin: User
) -> None:
    expected = {"status": "ok", "detail": "as planned", "device": "cpu"}

    assert client.get("/readyz", headers=bearer(internal_token())).json()["parts"]["search"] == expected
    client.force_login(admin)
    assert client.get("/readyz").json()["parts"]["search"] == expected


@pytest.mark.django_db
def test_admins_see_details_with_their_api_key_too(
    client: Client, states: dict[str, Health], admin: User, teammate: User
) -> None:
    keys = [create_api_key(user, "probe", can_write=False)[1] for user in (admin, teammate)]
    details = ["detail" in client.get("/readyz", headers=bearer(key)).json()["parts"]["llm"] for key in keys]
    assert details == [True, False]
    admin.is_active = False
    admin.save()
    assert "detail" not in client.get("/readyz", headers=bearer(keys[0])).json()["parts"]["llm"]


def test_disabled_admin_is_a_stranger(client: Client, states: dict[str, Health], admin: User) -> None:
    """case 7"""
    client.force_login(admin)
    User.objects.filter(pk=admin.pk).update(is_active=False)

    assert b"cpu" not in client.get("/readyz").content


async def test_readyz_works_without_the_database(
    async_client: AsyncClient, states: dict[str, Health], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(request: object) -> User:
        raise OperationalError("the database is gone")

    states["database"] = Health(Status.DOWN)
    monkeypatch.setattr("django.contrib.auth.middleware.auser", broken)

    response = await async_client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["database"] == {"status": "down"}


@pytest.mark.django_db
async def test_real_probes_find_the_database_up_and_the_absent_parts_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "PROBE_TIMEOUT_S", PATIENT_S)

    found = await probe_parts()

    assert {name: state.status for name, state in found.items()} == {
        "database": Status.OK,
        "redis": Status.DOWN,
        "search": Status.DOWN,
        "llm": Status.DOWN,
        "workers": Status.DOWN,
    }


async def test_database_that_hangs_is_down_in_time_and_asked_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hanging = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked: list[None] = []

    def ask() -> None:
        asked.append(None)
        asyncio.run_coroutine_threadsafe(hanging.wait(), loop).result()

    monkeypatch.setattr(parts, "_ask_database", ask)
    monkeypatch.setattr(parts, "PROBE_TIMEOUT_S", 0.1)

    first = await parts._probe_database()
    second = await parts._probe_database()
    hanging.set()
    await asyncio.wrap_future(parts._asked)  # type: ignore[arg-type]
    monkeypatch.setattr(parts, "PROBE_TIMEOUT_S", PATIENT_S)

    assert first.status == second.status == Status.DOWN
    assert len(asked) == 1
    assert (await parts._probe_database()).status == Status.OK
