"""Taking files in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from ingest import services, storage
from ingest.at_once import submit_at_once
from ingest.models import IngestJob, JobState
from ingest.services import Submission, retry_document
from kb.accounts.models import User
from kb.exceptions import ConflictError, TooLargeError
from kb.library.models import Collection, Document, Status
from kb.library.services import delete_document
from kb.rules.models import Label, LabelledDocument
from tests.ingest.conftest import Submit

pytestmark = pytest.mark.django_db


def stored_files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_upload_makes_document_and_job(submit: Submit) -> None:
    submission = submit()
    assert submission.created
    assert submission.document.status == Status.QUEUED
    assert submission.document.job.state == JobState.QUEUED
    assert len(stored_files()) == 1


def test_same_bytes_under_same_name_change_nothing(submit: Submit) -> None:
    first = submit()
    second = submit()
    assert not second.created
    assert second.document == first.document
    assert second.duplicate_of is None
    assert Document.objects.count() == len(stored_files()) == 1


def test_same_bytes_under_other_name_are_a_duplicate(submit: Submit) -> None:
    first = submit(name="a.md")
    second = submit(name="b.md")
    assert second.duplicate_of == first.document
    assert Document.objects.count() == 1


def test_other_name_keeps_the_content_when_the_first_is_given_other_bytes(submit: Submit) -> None:
    shared = submit("one", name="a.md").document
    submit("one", name="b.md")
    Document.objects.filter(pk=shared.pk).update(status=Status.READY)
    changed = submit("two", name="a.md").document
    shared.refresh_from_db()
    assert (shared.external_id, shared.status, shared.superseded_at) == ("b.md", Status.READY, None)
    assert (changed.external_id, changed.version) == ("a.md", 2)
    assert not submit("one", name="b.md").created


def test_other_name_given_other_bytes_is_a_document_of_its_own(submit: Submit) -> None:
    shared = submit("one", name="a.md").document
    submit("one", name="b.md")
    submit("two", name="b.md")
    submit("three", name="a.md")
    shared.refresh_from_db()
    assert shared.superseded_at is not None


def test_name_taken_by_bytes_that_are_here_leaves_the_other_name_its_own(submit: Submit) -> None:
    shared = submit("one", name="a.md").document
    submit("one", name="b.md")
    other = submit("two", name="c.md").document
    assert submit("two", name="a.md").duplicate_of == other
    shared.refresh_from_db()
    assert (shared.external_id, shared.superseded_at) == ("b.md", None)


def test_labels_that_keep_readers_away_go_with_the_content(submit: Submit, owner: User) -> None:
    shared = submit("one", name="a.md").document
    submit("one", name="b.md")
    label = Label.objects.create(name="board")
    LabelledDocument.objects.create(label=label, collection=shared.collection, external_id="a.md")
    submit("two", name="a.md")
    borne = LabelledDocument.objects.filter(label=label).values_list("external_id", flat=True)
    assert set(borne) == {"a.md", "b.md"}


def test_deleted_document_gives_up_all_its_names(submit: Submit) -> None:
    shared = submit("one", name="a.md").document
    submit("one", name="b.md")
    delete_document(shared)
    again = submit("one", name="b.md")
    assert again.created
    submit("two", name="b.md")
    again.document.refresh_from_db()
    assert again.document.superseded_at is not None


def test_other_bytes_under_same_name_are_the_next_version(submit: Submit) -> None:
    first = submit("one")
    second = submit("two")
    assert second.created
    assert (first.document.version, second.document.version) == (1, 2)


def test_version_that_never_became_ready_makes_way(submit: Submit) -> None:
    first = submit("one")
    submit("two")
    first.document.refresh_from_db()
    assert first.document.superseded_at is not None


def test_ready_version_serves_until_the_next_is_ready(submit: Submit) -> None:
    first = submit("one")
    Document.objects.filter(pk=first.document.pk).update(status=Status.READY)
    submit("two")
    first.document.refresh_from_db()
    assert first.document.superseded_at is None


def test_uploading_a_failed_document_again_retries_it(submit: Submit) -> None:
    document = submit().document
    Document.objects.filter(pk=document.pk).update(status=Status.FAILED, failure_code="x", failure_reason="y")
    submit()
    document.refresh_from_db()
    assert (document.status, document.failure_reason) == (Status.QUEUED, "")


def test_ready_document_cannot_be_retried(submit: Submit) -> None:
    document = submit().document
    Document.objects.filter(pk=document.pk).update(status=Status.READY)
    with pytest.raises(ConflictError):
        retry_document(document)


def test_idempotency_key_makes_no_second_document(submit: Submit) -> None:
    first = submit("one", idempotency_key="k")
    assert submit("one", name="other.md", idempotency_key="k").document == first.document
    with pytest.raises(ConflictError):
        submit("two", idempotency_key="k")


def test_idempotency_key_is_refused_for_another_external_id(submit: Submit) -> None:
    first = submit("one", external_id="a", idempotency_key="k")
    assert submit("one", external_id="a", idempotency_key="k").document == first.document
    with pytest.raises(ConflictError):
        submit("one", external_id="b", idempotency_key="k")


def test_too_large_file_leaves_nothing(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 26."""
    original = storage.store
    monkeypatch.setattr(services, "store", lambda stream, limit: original(stream, 10))
    with pytest.raises(TooLargeError):
        submit("x" * 11)
    assert not Document.objects.exists()
    assert not stored_files()


@pytest.mark.django_db(transaction=True)
def test_broker_down_leaves_the_job_queued(submit: Submit) -> None:
    """Case 33: the tests' broker address leads nowhere."""
    submission = submit()
    assert submission.created
    assert IngestJob.objects.get().state == JobState.QUEUED


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..\\..\\boot.ini",
        "a\x00b.md",
        "x" * 4096 + ".md",
        "\u202egpj.exe",
        "",
    ],
)
def test_hostile_file_names_are_inert(submit: Submit, name: str) -> None:
    """Case 9."""
    document = submit(name=name).document
    for shown in (document.file_name, document.external_id):
        assert shown
        assert len(shown) <= 500
        assert not set(shown) & set("\x00\u202e\\")
        assert ".." not in shown.split("/")
        assert not shown.startswith("/")
    [stored] = stored_files()
    assert stored.is_relative_to(settings.MEDIA_ROOT)
    assert stored.name == document.stored_file.split("/")[1]


def test_interrupted_command_says_in_a_line_how_to_go_on(
    owner: User,
    collection: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.md").write_text(f"Text {number}")

    def interrupted(*given: Any) -> Submission:
        if Document.objects.count() == 2:
            raise KeyboardInterrupt
        return submit_at_once(*given)

    monkeypatch.setattr("ingest.management.commands.ingest.submit_at_once", interrupted)
    with pytest.raises(SystemExit) as ended:
        call_command("ingest", str(tmp_path), collection=collection.slug, as_user=owner.username)
    assert ended.value.code == 130
    assert "Stopped. 2 files arrived" in capsys.readouterr().err
    assert Document.objects.filter(status=Status.QUEUED).count() == 2
