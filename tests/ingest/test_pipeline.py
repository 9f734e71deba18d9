"""The way of a document, undisturbed and disturbed at every step."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import xlsxwriter
from django.utils import timezone

from ingest import pipeline, sweeper
from ingest.leases import MOST_ATTEMPTS, acquire
from ingest.models import IngestJob, JobState
from ingest.parsers.base import ParseError
from ingest.pipeline import run_job
from ingest.purge import purge_deleted
from ingest.storage import file_path
from ingest.sweeper import sweep_jobs
from kb.library.history import history_of
from kb.library.models import Chunk, Document, DocumentText, Status
from kb.library.services import delete_document
from kb.search.models import Embedding, IndexEvent, Operation
from tests.fakes import FakeEncoder
from tests.ingest.conftest import Submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder", "quiet_broker")]

TEXT = (
    "---\ntitle: Travel policy\n---\n\n# Booking\n\nBook flights in Concur.\n\n## Hotels\n\n"
    + "Hotels cost money, and the company pays for them. " * 300
)


class KilledError(BaseException):
    """Stands for kill -9: nothing in the worker may catch it."""


@pytest.fixture
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "_broker_queue_is_empty", lambda: True)


def snapshot() -> list[tuple[object, ...]]:
    return list(
        Chunk.objects.order_by("ordinal").values_list("ordinal", "start", "end", "text", "heading_path")
    )


def test_document_becomes_ready_with_exact_spans(submit: Submit, encoder: FakeEncoder) -> None:
    document = submit(TEXT).document
    run_job(document.job.pk)
    document.refresh_from_db()
    assert (document.status, document.title) == (Status.READY, "Travel policy")
    assert document.language == "en"
    text = DocumentText.objects.get().text
    chunks = list(Chunk.objects.order_by("ordinal"))
    assert len(chunks) == document.chunk_count > 1
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert Embedding.objects.count() == len(chunks) == encoder.passages_embedded
    assert len(bytes(Embedding.objects.first().vector)) == 2 * encoder.dimension  # type: ignore[union-attr]
    assert IndexEvent.objects.get().operation == Operation.PUBLISH


def test_new_version_supersedes_the_old_when_it_is_ready(submit: Submit) -> None:
    old, new = submit("# One\n\nFirst.").document, None
    run_job(old.job.pk)
    new = submit("# Two\n\nSecond.").document
    run_job(new.job.pk)
    old.refresh_from_db()
    assert old.superseded_at is not None
    events = list(IndexEvent.objects.values_list("operation", "document_id"))
    assert events == [("publish", old.pk), ("remove", old.pk), ("publish", new.pk)]


@pytest.mark.parametrize("step", ["parse", "embed", "publish", "_store_text"])
def test_killed_at_any_step_it_ends_ready_once(
    submit: Submit, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 30."""
    undisturbed = submit(TEXT, name="undisturbed.md").document
    run_job(undisturbed.job.pk)
    expected = snapshot()
    delete_document(undisturbed)
    purge_deleted()

    job_id = submit(TEXT).document.job.pk

    def die(*args: object, **kwargs: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(pipeline, step, die)
        run_job(job_id)
    assert IngestJob.objects.get(pk=job_id).state == JobState.LEASED
    assert not Chunk.objects.exists()

    sweep_jobs(timezone.now() + timedelta(hours=1))
    run_job(job_id)
    run_job(job_id)
    assert IngestJob.objects.get(pk=job_id).state == JobState.DONE
    assert snapshot() == expected


def test_job_that_always_kills_its_worker_fails_after_three_attempts(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 31."""
    document = submit(TEXT).document

    def die(*args: object, **kwargs: object) -> None:
        raise KilledError

    monkeypatch.setattr(pipeline, "embed", die)
    for attempt in range(MOST_ATTEMPTS):
        with pytest.raises(KilledError):
            run_job(document.job.pk)
        sweep_jobs(timezone.now() + timedelta(hours=attempt + 1))
    document.refresh_from_db()
    assert (document.status, document.failure_code) == (Status.FAILED, "worker_died")


@pytest.mark.parametrize(("code", "attempts"), [("encrypted", 1), ("out_of_memory", MOST_ATTEMPTS)])
def test_only_failures_that_may_pass_are_repeated(
    submit: Submit, monkeypatch: pytest.MonkeyPatch, code: str, attempts: int
) -> None:
    document = submit(TEXT).document

    def refuse(*args: object, **kwargs: object) -> None:
        raise ParseError(code, "Because.")

    monkeypatch.setattr(pipeline, "parse", refuse)
    for _ in range(attempts):
        run_job(document.job.pk)
    document.refresh_from_db()
    assert (document.status, document.failure_code) == (Status.FAILED, code)
    assert IngestJob.objects.get().attempts == attempts


def test_second_delivery_while_the_first_works_does_nothing(submit: Submit) -> None:
    """Case 32."""
    document = submit(TEXT).document
    assert acquire(document.job.pk, timezone.now(), 60) is not None
    run_job(document.job.pk)
    assert not Chunk.objects.exists()


def test_slow_worker_that_lost_its_lease_changes_nothing(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 32."""
    document = submit(TEXT).document
    original = pipeline.embed

    def embed_and_lose(*args: object, **kwargs: object) -> object:
        embedded = original(*args, **kwargs)  # type: ignore[arg-type]
        sweep_jobs(timezone.now() + timedelta(hours=1))
        return embedded

    monkeypatch.setattr(pipeline, "embed", embed_and_lose)
    run_job(document.job.pk)
    assert not Chunk.objects.exists()
    assert IngestJob.objects.get().state == JobState.QUEUED


def test_document_deleted_during_ingest_does_not_come_back(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 35."""
    document = submit(TEXT).document
    original = pipeline.embed

    def embed_and_delete(*args: object, **kwargs: object) -> object:
        embedded = original(*args, **kwargs)  # type: ignore[arg-type]
        delete_document(document)
        return embedded

    monkeypatch.setattr(pipeline, "embed", embed_and_delete)
    run_job(document.job.pk)
    assert not Chunk.objects.exists()
    again = submit(TEXT)
    assert again.created
    monkeypatch.setattr(pipeline, "embed", original)
    run_job(again.document.job.pk)
    assert {chunk.document_id for chunk in Chunk.objects.all()} == {again.document.pk}


def test_failed_document_says_why(submit: Submit) -> None:
    """Case 14."""
    for content, name in (
        (b"", "empty.md"),
        (b"\x00\x01\x02\xff" * 200, "binary.md"),
        (b"   \n", "blank.txt"),
    ):
        document = submit(content, name=name).document
        run_job(document.job.pk)
        document.refresh_from_db()
        assert document.status == Status.FAILED, name
        assert document.failure_reason.endswith("."), name


def test_purge_removes_everything_of_a_deleted_document(submit: Submit) -> None:
    """Case 34."""
    document = submit(TEXT).document
    run_job(document.job.pk)
    delete_document(document)
    purge_deleted()
    assert not Chunk.objects.exists()
    assert not Embedding.objects.exists()
    assert not DocumentText.objects.exists()
    assert not file_path(document.stored_file).exists()
    assert Document.objects.get().purged_at is not None


def test_log_tells_what_of_a_file_was_left_out(submit: Submit, tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "prices.xlsx")
    sheet = book.add_worksheet("Prices")
    sheet.write_row(0, 0, ["Item", "Cost"])
    sheet.set_column(1, 1, None, None, {"hidden": True})
    book.close()
    document = submit((tmp_path / "prices.xlsx").read_bytes(), name="prices.xlsx").document
    run_job(document.job.pk)
    ready = history_of(document)[-1].event
    assert (ready.stage, ready.detail) == (
        "ready",
        "1 passage; left out: 1 hidden column of the sheet Prices",
    )


def test_nothing_broke_off_of_a_document_that_was_replaced(submit: Submit) -> None:
    document = submit("one").document
    lease = acquire(document.job.pk, timezone.now(), 60)
    assert lease is not None
    submit("two")
    lease.release()
    stages = list(document.events.order_by("pk").values_list("stage", flat=True))
    assert stages[-1] == "superseded"
