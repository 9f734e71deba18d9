"""An archive in the worker's hands: killed, cancelled, replaced, deleted, and shown while it is unpacked."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest import unpacking
from ingest.archive_services import submit_upload
from ingest.bulk import act_on
from ingest.cancelling import cancel_documents
from ingest.models import IngestJob, JobState
from ingest.pipeline import run_job
from ingest.purge import purge_deleted
from ingest.services import Upload, retry_document, submit_stored
from ingest.storage import store
from ingest.sweeper import sweep_jobs
from kb.accounts.models import User
from kb.library.archive_models import ArchiveMember
from kb.library.live import look
from kb.library.models import Collection, Document, Status
from kb.library.overview import present_documents
from kb.library.services import delete_document
from tests.factories import browser_of

pytestmark = pytest.mark.django_db
FILES = {f"{number:02}.md": f"# Number {number}" for number in range(50)}


class KilledError(BaseException):
    """The process is gone: nothing catches it, as nothing catches SIGKILL."""


@pytest.fixture
def upload(collection: Collection, owner: User) -> Callable[..., Document]:
    def call(files: Mapping[str, str] = FILES, name: str = "many.zip") -> Document:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        out.seek(0)
        return submit_upload(collection, owner, Upload(out, name)).document

    return call


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Have something happen while the file of this number is read from the archive, once."""

    def call(number: int, happens: Callable[[], object]) -> None:
        seen = iter(range(10_000))

        def stored(source: Any, limit_bytes: int) -> Any:
            if next(seen) == number:
                happens()
            return store(source, limit_bytes)

        monkeypatch.setattr(unpacking, "store", stored)

    return call


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is there, and the sweeper does not ask it."""
    monkeypatch.setattr("ingest.sweeper._broker_queue_is_empty", lambda: False)


def die() -> None:
    raise KilledError


def killed(archive: Document) -> None:
    """A worker takes the job up and dies in it; the sweeper notices."""
    with pytest.raises(KilledError):
        run_job(archive.job.pk)
    IngestJob.objects.filter(pk=archive.job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep_jobs()


def taken(collection: Collection) -> Counter[str]:
    rows = Document.objects.filter(collection=collection, external_id__startswith="many.zip/")
    return Counter(rows.values_list("external_id", flat=True))


@pytest.mark.parametrize("at", [0, 1, 19, 20, 21, 49])
def test_worker_killed_at_any_file_loses_none_and_takes_none_twice(
    upload: Any, after: Any, collection: Collection, at: int
) -> None:
    """Case 30."""
    archive = upload()
    after(at, die)
    killed(archive)
    assert sum(taken(collection).values()) == at // 20 * 20
    run_job(archive.job.pk)
    assert taken(collection) == {f"many.zip/{name}": 1 for name in FILES}
    archive.refresh_from_db()
    assert archive.status == Status.READY
    # What the first worker took in is not told to have been there before.
    assert archive.members.filter(created=True).count() == len(FILES)


def test_worker_killed_inside_a_transaction_leaves_nothing_of_it(
    upload: Any, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 30."""
    archive = upload()
    calls = iter(range(100))

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == 30:
            die()
        return submit_stored(*args, **kwargs)

    monkeypatch.setattr(unpacking, "submit_stored", dying)
    killed(archive)
    assert sum(taken(collection).values()) == ArchiveMember.objects.count() == 20
    run_job(archive.job.pk)
    assert set(taken(collection).values()) == {1} and len(taken(collection)) == len(FILES)


def test_progress_gives_all_attempts_back_and_a_file_that_always_kills_does_not(
    upload: Any, after: Any, collection: Collection
) -> None:
    archive = upload()
    for at in (25, 5, 0):
        after(at, die)
        killed(archive)
    archive.refresh_from_db()
    assert (archive.status, archive.failure_code) == (Status.FAILED, "worker_died")
    after(10_000, die)
    retry_document(archive)
    run_job(archive.job.pk)
    assert len(taken(collection)) == len(FILES)


def test_cancelled_archive_stops_and_keeps_what_is_there(
    upload: Any, after: Any, collection: Collection, owner: User
) -> None:
    archive = upload()
    after(30, lambda: cancel_documents([archive.pk], owner))
    run_job(archive.job.pk)
    archive.refresh_from_db()
    assert (archive.status, archive.failure_code, archive.progress_current) == (
        Status.FAILED,
        "cancelled",
        20,
    )
    assert len(taken(collection)) == 20
    page = browser_of(owner).get(f"/library/{collection.pk}/").content.decode()
    assert "20 of 50 files were unpacked, and stay." in page
    assert act_on(collection, "retry", [archive.pk], owner) == [archive.pk]
    run_job(archive.job.pk)
    assert set(taken(collection).values()) == {1} and len(taken(collection)) == len(FILES)


def test_deleted_archive_stops_and_its_list_is_purged(
    upload: Any, after: Any, collection: Collection, owner: User
) -> None:
    archive = upload()
    after(30, lambda: delete_document(archive, owner))
    run_job(archive.job.pk)
    assert len(taken(collection)) == 20
    purge_deleted()
    assert not ArchiveMember.objects.exists()


def test_newer_archive_stops_the_older_one(upload: Any, after: Any, collection: Collection) -> None:
    older = upload()
    newer: list[Document] = []
    after(30, lambda: newer.append(upload({**FILES, "10.md": "# Ten, changed"})))
    run_job(older.job.pk)
    run_job(newer[0].job.pk)
    older.refresh_from_db()
    newer[0].refresh_from_db()
    assert (older.failure_code, newer[0].status) == ("superseded", Status.READY)
    present = {row.external_id: row for row in present_documents([collection])}
    assert len(present) == len(FILES)
    assert (present["many.zip/10.md"].version, present["many.zip/11.md"].version) == (2, 1)


def test_archive_that_got_another_path_meanwhile_goes_on_there(
    upload: Any, after: Any, collection: Collection
) -> None:
    """A source may move it while it is unpacked."""
    archive = upload({f"{number}.md": f"# {number}" for number in range(30)})
    after(25, lambda: Document.objects.filter(pk=archive.pk).update(external_id="new.zip"))
    run_job(archive.job.pk)
    assert Document.objects.filter(external_id__startswith="new.zip/").count() == 10


def test_progress_is_the_same_on_the_page_over_rest_and_live(
    upload: Any, after: Any, collection: Collection, owner: User
) -> None:
    archive, seen = upload({f"{number}.md": f"# {number}" for number in range(90)}), {}

    def look_everywhere() -> None:
        browser: Client = browser_of(owner)
        seen["rest"] = browser.get(f"/api/v1/documents/{archive.pk}/").json()
        seen["page"] = browser.get(f"/library/{collection.pk}/").content.decode()
        seen["live"] = look(collection, timezone.now()).working

    after(75, look_everywhere)
    run_job(archive.job.pk)
    progress = seen["rest"]["progress"]
    assert (progress["step"], progress["current"], progress["maximum"]) == ("unpacking", 60, 90)
    assert progress["eta_s"] is not None
    assert (seen["rest"]["kind"], seen["rest"]["status"]) == ("archive", "parsing")
    # More of its files than a page has rows are newer than it.
    assert 'Unpacking <span class="number">60 of 90</span> files' in seen["page"]
    assert [(row["id"], row["current"]) for row in seen["live"]] == [(archive.pk, 60)]
    page = browser_of(owner).get(f"/library/{collection.pk}/?q=many.zip").content.decode()
    assert f'data-document="{archive.pk}"' not in page


def test_page_of_an_archive_says_what_was_refused(upload: Any, owner: User, teammate: User) -> None:
    archive = upload({"good.md": "# Good", "bad.zip": "no archive"})
    run_job(archive.job.pk)
    page = browser_of(teammate).get(f"/documents/{archive.pk}/").content.decode()
    assert "many.zip/bad.zip" in page and "This archive is damaged." in page
    assert "?q=many.zip%2F" in page
    assert "Unpacked in part" in page


def test_members_are_hidden_from_strangers(upload: Any, stranger: User) -> None:
    archive = upload()
    assert browser_of(stranger).get(f"/api/v1/documents/{archive.pk}/members/").status_code == 404


def test_job_that_somebody_else_holds_is_left_alone(upload: Any, collection: Collection) -> None:
    archive = upload()
    IngestJob.objects.filter(pk=archive.job.pk).update(
        state=JobState.LEASED, lease_token=uuid.uuid4(), lease_until=timezone.now() + timedelta(hours=1)
    )
    run_job(archive.job.pk)
    assert not taken(collection)
