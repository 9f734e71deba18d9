"""Cancelling, and what is done to many documents at once; the log that all of it leaves."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ingest.bulk import act_on
from ingest.cancelling import cancel_document
from ingest.leases import acquire
from ingest.models import IngestJob, JobState
from ingest.pipeline import run_job
from ingest.row_leases import LeaseLostError
from ingest.services import retry_document
from kb.accounts.models import User
from kb.exceptions import ConflictError
from kb.library.access import searchable_chunks
from kb.library.history import history_of
from kb.library.models import Chunk, Collection, Document, Status
from kb.library.services import delete_document
from tests.api.conftest import client_of  # noqa: F401
from tests.factories import make_document
from tests.ingest.conftest import Submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder")]


def stages(document: Document) -> list[str]:
    return [entry.event.stage for entry in history_of(document)]


def test_log_names_every_stage_with_times_in_order(submit: Submit, owner: User) -> None:
    document = submit().document
    run_job(document.job.pk)
    assert stages(document) == ["queued", "parsing", "chunking", "embedding", "ready"]
    entries = history_of(document)
    assert entries[0].event.by == owner and entries[0].since_s is None
    assert entries[1].event.attempt == 1
    assert all(entry.since_s is not None and entry.since_s >= 0 for entry in entries[1:])


def test_log_says_why_it_failed_and_who_tried_again(submit: Submit, owner: User) -> None:
    document = submit(b"%PDF-1.7 this is no PDF", name="broken.pdf").document
    run_job(document.job.pk)
    document.refresh_from_db()
    failed = history_of(document)[-1].event
    assert (failed.stage, failed.detail) == ("failed", document.failure_reason)
    retry_document(document, owner)
    repeated = history_of(document)[-1].event
    assert (repeated.stage, repeated.by) == ("repeated", owner)


def test_log_of_what_was_replaced_and_deleted(submit: Submit, owner: User) -> None:
    first = submit("# One\n\nFirst.").document
    run_job(first.job.pk)
    second = submit("# Two\n\nSecond.").document
    run_job(second.job.pk)
    delete_document(second, owner)
    assert stages(first)[-2:] == ["superseded", "deleted"]
    assert stages(second)[-2:] == ["ready", "deleted"]


def test_queued_document_is_cancelled_and_can_be_tried_again(submit: Submit, owner: User) -> None:
    document = submit().document
    cancel_document(document, owner)
    run_job(document.job.pk)
    document.refresh_from_db()
    assert (document.status, document.failure_code) == (Status.FAILED, "cancelled")
    assert "owner" in document.failure_reason
    retry_document(document, owner)
    run_job(document.job.pk)
    document.refresh_from_db()
    assert document.status == Status.READY


def test_worker_that_has_it_in_hand_changes_nothing_any_more(submit: Submit, owner: User) -> None:
    document = submit().document
    lease = acquire(document.job.pk, timezone.now(), 60)
    assert lease is not None
    cancel_document(document, owner)
    with pytest.raises(LeaseLostError):
        lease.renew(timezone.now())
    with pytest.raises(LeaseLostError):
        lease.finish(timezone.now())
    assert IngestJob.objects.get().state == JobState.FAILED


def test_what_has_ended_cannot_be_cancelled(submit: Submit, owner: User) -> None:
    document = submit().document
    run_job(document.job.pk)
    with pytest.raises(ConflictError):
        cancel_document(document, owner)
    document.refresh_from_db()
    assert document.status == Status.READY


def test_reprocessed_document_is_out_of_search_until_it_is_ready_again(submit: Submit, owner: User) -> None:
    document = submit().document
    run_job(document.job.pk)

    def found() -> bool:
        ids = list(Chunk.objects.values_list("pk", flat=True))
        return searchable_chunks(owner, ids).exists()

    assert found()
    assert act_on(document.collection, "reprocess", [document.pk], owner) == [document.pk]
    assert not found()
    run_job(document.job.pk)
    assert found()


def test_bulk_touches_only_what_it_can_be_done_to(collection: Collection, owner: User) -> None:
    other = Collection.objects.create(name="Other", slug="other")
    failed = make_document(collection, status=Status.NEEDS_OCR)
    ready, foreign = make_document(collection), make_document(other, status=Status.FAILED)
    ids = [failed.pk, ready.pk, foreign.pk, 987_654]
    assert act_on(collection, "retry", ids, owner) == [failed.pk]
    foreign.refresh_from_db()
    assert foreign.status == Status.FAILED
    assert act_on(collection, "delete", ids, owner) == [failed.pk, ready.pk]
    assert list(Document.objects.filter(deleted_at=None)) == [foreign]


def test_bulk_delete_takes_older_versions_along(collection: Collection, owner: User) -> None:
    old = make_document(collection, external_id="a.md", superseded_at=timezone.now())
    new = make_document(collection, external_id="a.md", version=2)
    kept = make_document(collection, external_id="b.md")
    assert act_on(collection, "delete", [new.pk], owner) == [new.pk]
    old.refresh_from_db()
    assert old.deleted_at is not None
    assert list(Document.objects.filter(deleted_at=None)) == [kept]


@pytest.mark.parametrize("action", ["retry", "cancel", "reprocess", "delete"])
def test_queries_of_a_bulk_action_do_not_grow_with_documents(
    collection: Collection, owner: User, action: str
) -> None:
    status = Status.QUEUED if action == "cancel" else Status.FAILED

    def queries(number: int) -> int:
        rows = [make_document(collection, status=status) for _ in range(number)]
        IngestJob.objects.bulk_create(
            IngestJob(document=row, state=JobState.QUEUED if action == "cancel" else JobState.FAILED)
            for row in rows
        )
        with CaptureQueriesContext(connection) as captured:
            assert len(act_on(collection, action, [row.pk for row in rows], owner)) == number
        # Each of the first 32 jobs gets a message and notes when.
        return sum("hinted_at" not in query["sql"].partition("SET")[2][:30] for query in captured)

    assert queries(2) == queries(20)


def test_rest_bulk_and_cancel(
    client_of: object,  # noqa: F811
    collection: Collection,
    owner: User,
    teammate: User,
) -> None:
    failed = make_document(collection, status=Status.FAILED)
    address = f"/api/v1/collections/{collection.pk}/documents/bulk/"
    manager, reader = client_of(owner), client_of(teammate)  # type: ignore[operator]
    body = {"action": "retry", "state": "failed"}
    assert reader.post(address, body, format="json").status_code == 403
    assert manager.post(address, {"action": "retry"}, format="json").status_code == 400
    assert manager.post(address, body, format="json").json() == {"done": [failed.pk], "skipped": 0}
    cancelled = manager.post(f"/api/v1/documents/{failed.pk}/cancel/")
    assert (cancelled.status_code, cancelled.json()["failure_code"]) == (200, "cancelled")
    assert manager.post(f"/api/v1/documents/{failed.pk}/cancel/").status_code == 409
    log = manager.get(f"/api/v1/documents/{failed.pk}/log/").json()
    assert [(row["stage"], row["by"]) for row in log] == [("repeated", "owner"), ("cancelled", "owner")]
    assert reader.get(f"/api/v1/documents/{failed.pk}/log/").status_code == 403
