from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.test import Client

from ingest.models import IngestJob
from kb.accounts.models import User
from kb.chat.models import Conversation, Message, Outcome
from kb.library.models import Collection, Document, Status
from kb.secrets import internal_token
from kb.supervise import health, views
from kb.supervise.health import Health
from kb.supervise.metrics import metrics_text
from kb.supervise.parts import PARTS
from tests.llm.endpoint import Reply, endpoint

PATIENT_S = 60.0
ALL_OK = {name: Health(health.Status.OK) for name in PARTS}


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe() -> Mapping[str, Health]:
        return ALL_OK

    monkeypatch.setattr(views, "probe_parts", probe)


def lines(parts: Mapping[str, Health] = ALL_OK) -> set[str]:
    return set(metrics_text(parts).decode().splitlines())


def test_documents_jobs_and_answers_are_counted(collection: Collection, owner: User) -> None:
    for number in range(3):
        status = Status.READY if number else Status.FAILED
        document = Document.objects.create(
            collection=collection, external_id=str(number), sha256=str(number), size_bytes=1, status=status
        )
        IngestJob.objects.create(document=document)
    conversation = Conversation.objects.create(user=owner)
    Message.objects.create(conversation=conversation, question="?", outcome=Outcome.ABSTAINED)

    assert {
        'kb_documents{status="ready"} 2.0',
        'kb_documents{status="failed"} 1.0',
        'kb_documents{status="queued"} 0.0',
        'kb_jobs{state="queued"} 3.0',
        'kb_jobs{state="leased"} 0.0',
        'kb_answers{outcome="abstained"} 1.0',
        'kb_answers{outcome="answered"} 0.0',
    } <= lines()


@pytest.mark.django_db
def test_state_of_the_parts_is_a_figure_too() -> None:
    found = lines(ALL_OK | {"llm": Health(health.Status.LOADING)})

    assert {'kb_part_up{part="search"} 1.0', 'kb_part_up{part="llm"} 0.0'} <= found


def test_without_the_database_the_parts_are_still_shown() -> None:
    """The test has no access to the database: a query would fail."""
    found = lines(ALL_OK | {"database": Health(health.Status.DOWN)})

    assert 'kb_part_up{part="database"} 0.0' in found
    assert not any(line.startswith("kb_documents") for line in found)


@pytest.mark.django_db
@pytest.mark.usefixtures("probed")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.8.9.10"])
def test_this_machine_may_read_the_metrics(client: Client, address: str) -> None:
    response = client.get("/metrics", REMOTE_ADDR=address)

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b"kb_documents" in response.content


@pytest.mark.django_db
@pytest.mark.usefixtures("probed")
@pytest.mark.parametrize("address", ["10.0.0.7", "2001:db8::1", "", "unix"])
def test_other_machines_may_not(client: Client, address: str) -> None:
    """case 8"""
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 403


@pytest.mark.django_db
@pytest.mark.usefixtures("probed")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_proxy_on_this_machine_is_not_this_machine(client: Client, header: str) -> None:
    """case 8: behind a proxy, every caller has a loopback address."""
    assert client.get("/metrics", headers={header: "10.0.0.7"}).status_code == 403


@pytest.mark.usefixtures("probed")
def test_admins_and_our_own_processes_may_from_anywhere(client: Client, admin: User, stranger: User) -> None:
    token = {"Authorization": f"Bearer {internal_token()}"}

    assert client.get("/metrics", headers=token, REMOTE_ADDR="10.0.0.7").status_code == 200
    client.force_login(stranger)
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 403
    client.force_login(admin)
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 200


async def test_figures_of_the_model_server_are_passed_on_while_it_answers() -> None:
    async with endpoint() as made:
        made.replies["/metrics"] = Reply(parts=[b"kb_llm_slots 8.0\n"])
        assert await health.fetch_metrics(made.url, "token", PATIENT_S) == b"kb_llm_slots 8.0\n"
        assert b"Authorization: Bearer token" in made.headers[-1]
        made.replies["/metrics"] = Reply(401, parts=[b"no"])
        assert await health.fetch_metrics(made.url, "token", PATIENT_S) == b""
    assert await health.fetch_metrics(made.url, "token", PATIENT_S) == b""
