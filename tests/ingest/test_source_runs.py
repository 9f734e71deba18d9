"""What a run of a source does to the documents of its collection."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from django.utils import timezone

from ingest.pipeline import run_job
from ingest.sources import services
from ingest.sources.hints import due_sources
from ingest.sources.leases import acquire
from ingest.sources.models import RunState, Source, SourceState
from ingest.sources.syncing import sync
from kb.accounts.models import User
from kb.conf import config
from kb.library.models import Collection, Document, Grant, Status
from kb.rules.models import Label, LabelledDocument
from tests.ingest.sources import START, Place, counts, later, live, make_source, moment, run

pytestmark = pytest.mark.django_db

TEN = {f"{number}.md": f"Page {number}" for number in range(10)}


@pytest.fixture
def source(collection: Collection, owner: User) -> Source:
    return make_source(collection, owner)


def test_added_changed_and_unchanged_are_told_apart(source: Source, collection: Collection) -> None:
    place = Place(TEN)
    assert counts(run(source, place)) == {"added": 10}
    place.files["3.md"], place.files["new/a.md"] = "Another page", "New"
    place.read.clear()
    assert counts(run(source, place, later(hours=1))) == {"added": 1, "changed": 1, "unchanged": 9}
    assert sorted(place.read) == ["3.md", "new/a.md"]
    assert live(collection)["wiki/new/a.md"].metadata["source"] == "Wiki"
    assert Document.objects.filter(external_id="wiki/3.md").count() == 2


def test_what_tells_no_mark_is_told_apart_by_its_hash(source: Source) -> None:
    place = Place(TEN, tells=False)
    run(source, place)
    place.files["3.md"] = "Page X"  # as long as before
    assert counts(run(source, place, later(hours=1))) == {"changed": 1, "unchanged": 9}
    assert Document.objects.count() == 11


def test_a_moved_file_keeps_its_document_its_versions_and_its_labels(
    source: Source, collection: Collection
) -> None:
    place = Place(TEN)
    run(source, place)
    before = live(collection)["wiki/3.md"]
    label = Label.objects.create(name="secret")
    LabelledDocument.objects.create(label=label, collection=collection, external_id="wiki/3.md")
    place.files["archive/three.md"] = place.files.pop("3.md")
    assert counts(run(source, place, later(hours=1))) == {"moved": 1, "unchanged": 9}
    after = live(collection)["wiki/archive/three.md"]
    assert (after.pk, after.stored_file) == (before.pk, before.stored_file)
    assert "wiki/3.md" not in live(collection)
    assert list(label.documents.values_list("external_id", flat=True)) == ["wiki/archive/three.md"]


def test_everything_may_move_without_a_question(source: Source, collection: Collection) -> None:
    place = Place(TEN)
    run(source, place)
    before = {row.pk for row in live(collection).values()}
    place.files = {f"2026/{path}": text for path, text in TEN.items()}
    assert counts(run(source, place, later(hours=1))) == {"moved": 10}
    assert {row.pk for row in live(collection).values()} == before
    assert source.state == SourceState.ACTIVE


def test_what_vanished_is_deleted_when_its_grace_is_over(source: Source, collection: Collection) -> None:
    place = Place(TEN)
    run(source, place)
    text = place.files.pop("3.md")
    assert counts(run(source, place, later(hours=1))) == {"unchanged": 9}
    assert "wiki/3.md" in live(collection)
    assert counts(run(source, place, later(hours=24))) == {"unchanged": 9}
    assert counts(run(source, place, later(hours=26))) == {"unchanged": 9, "deleted": 1}
    assert Document.objects.get(external_id="wiki/3.md").status == Status.DELETED
    place.files["3.md"] = text
    assert counts(run(source, place, later(hours=27))) == {"unchanged": 9, "added": 1}


def test_what_comes_back_within_its_grace_stays(source: Source, collection: Collection) -> None:
    place = Place(TEN)
    run(source, place)
    text = place.files.pop("3.md")
    run(source, place, later(hours=1))
    place.files["3.md"] = text
    run(source, place, later(hours=2))
    assert counts(run(source, place, later(hours=50))) == {"unchanged": 10}
    assert len(live(collection)) == 10


def test_a_fifth_may_vanish_and_more_stops_and_asks(
    source: Source, collection: Collection, owner: User
) -> None:
    place = Place(TEN)
    run(source, place)
    del place.files["0.md"], place.files["1.md"]
    assert run(source, place, later(hours=1)).state == RunState.DONE
    del place.files["2.md"]
    assert run(source, place, later(hours=40)).state == RunState.ASKED
    assert (source.state, source.question) == (SourceState.ASKING, "vanished")
    assert "3 of 10 files" in source.reason
    assert len(live(collection)) == 10
    assert due_sources(later(days=100)) == []
    services.confirm(owner, source, later(hours=41))
    assert counts(run(source, place, later(hours=41))) == {"unchanged": 7, "deleted": 2}
    assert counts(run(source, place, later(hours=99))) == {"unchanged": 7, "deleted": 1}


def test_rejected_deletes_nothing_until_somebody_resumes_and_is_asked_again(
    source: Source, collection: Collection, owner: User
) -> None:
    place = Place(TEN)
    run(source, place)
    place.files = {"0.md": TEN["0.md"]}
    run(source, place, later(hours=1))
    services.reject(source)
    source.refresh_from_db()
    assert source.state == SourceState.PAUSED
    assert not sync(source.pk, moment(later(days=9)), place)
    services.resume(owner, source, later(days=9))
    run(source, place, later(days=9))
    assert source.state == SourceState.ASKING
    assert len(live(collection)) == 10


@pytest.mark.parametrize(("broken", "question"), [("No access.", "unreadable"), ("", "empty")])
def test_a_listing_that_fails_or_is_empty_stops_and_asks(
    source: Source, collection: Collection, broken: str, question: str
) -> None:
    place = Place(TEN)
    run(source, place)
    place.broken, place.files = broken, {}
    assert run(source, place, later(days=2)).state == RunState.ASKED
    assert source.question == question
    assert len(live(collection)) == 10


def test_an_empty_source_that_a_manager_confirmed_is_emptied(
    source: Source, collection: Collection, owner: User
) -> None:
    place = Place(TEN)
    run(source, place)
    place.files = {}
    run(source, place, later(hours=1))
    services.confirm(owner, source, later(hours=2))
    assert counts(run(source, place, later(hours=30))) == {"deleted": 10}
    assert live(collection) == {}


def test_a_copy_takes_over_the_document_of_the_file_that_is_gone(
    source: Source, collection: Collection
) -> None:
    place = Place({**TEN, "copy.md": TEN["3.md"]})
    run(source, place)
    before = live(collection)
    assert len(before) == 10
    del place.files["3.md"]
    run(source, place, later(hours=1))
    run(source, place, later(hours=48))
    assert live(collection)["wiki/copy.md"].pk == before["wiki/3.md"].pk


def test_a_copy_whose_original_changed_gets_a_document_of_its_own(
    source: Source, collection: Collection
) -> None:
    place = Place({"a.md": "Same", "b.md": "Same"})
    run(source, place)
    Document.objects.update(status=Status.FAILED)
    place.files["a.md"] = "Other"
    run(source, place, later(hours=1))
    run(source, place, later(hours=2))
    assert {name: row.size_bytes for name, row in live(collection).items()} == {
        "wiki/a.md": 5,
        "wiki/b.md": 4,
    }


def test_a_file_that_cannot_be_read_is_tried_again_and_one_that_is_too_large_is_not(source: Source) -> None:
    place = Place({"a.md": "A"})
    place.before_reading = lambda path: place.files.clear()
    assert counts(run(source, place)) == {"failed": 1}
    assert source.files.get().failure == "There is nothing at this place."
    large = "x" * ((config.upload_mb << 20) + 1)
    place.before_reading, place.files = lambda path: None, {"a.md": "A", "b.md": large}
    assert counts(run(source, place, later(hours=1))) == {"added": 1, "failed": 1}
    place.read.clear()
    assert counts(run(source, place, later(hours=2))) == {"unchanged": 1, "failed": 1}
    assert place.read == []


def test_a_broken_off_run_goes_on_where_it_was(source: Source, collection: Collection) -> None:
    """Case 30: whoever dies in the middle leaves nothing that is done twice."""
    place = Place(TEN)

    def die(path: str) -> None:
        if len(place.read) == 4:
            raise KeyboardInterrupt

    place.before_reading = die
    with pytest.raises(KeyboardInterrupt):
        sync(source.pk, moment(), place)
    assert len(live(collection)) == 4
    # It could not even give its lease back.
    held = acquire(source.pk, START, 60)
    assert held is not None
    place.before_reading = lambda path: None
    assert not sync(source.pk, moment(START), place)
    assert sync(source.pk, moment(later(minutes=2)), place) is False
    done = source.runs.get()
    assert (done.state, counts(done)) == (RunState.DONE, {"added": 10})
    assert sorted(place.read) == sorted(TEN)
    assert Document.objects.count() == 10


def test_a_run_makes_way_and_is_passed_on(source: Source) -> None:
    place = Place(TEN)
    turns = 0
    while sync(source.pk, moment(turns=3), place):
        turns += 1
    assert turns == 3
    assert counts(source.runs.get()) == {"added": 10}


def test_two_runs_at_once_are_one(source: Source) -> None:
    place, other = Place(TEN), Place(TEN)

    def run_too(path: str) -> None:
        sync(source.pk, moment(), other)

    place.before_reading = run_too
    assert counts(run(source, place)) == {"added": 10}
    assert other.read == []
    assert source.runs.count() == 1


def test_a_source_that_is_paused_or_removed_in_the_middle_stops(
    source: Source, collection: Collection
) -> None:
    place = Place(TEN)
    place.before_reading = lambda path: services.pause(source, START) if len(place.read) == 2 else None
    assert run(source, place).state == RunState.STOPPED
    assert len(live(collection)) == 2
    services.resume(User.objects.get(username="owner"), source, START)
    place.before_reading = lambda path: services.remove_source(source, delete_its_documents=True)
    place.read.clear()
    Source.objects.filter(pk=source.pk).update(next_run_at=START)
    assert not sync(source.pk, moment(), place)
    assert len(place.read) == 1
    assert live(collection) == {}


def test_nobody_answers_for_a_source_whose_manager_left(source: Source, admin: User) -> None:
    """Case 7: it brings in nothing in the name of somebody who may not."""
    Grant.objects.filter(user__username="owner").delete()
    place = Place(TEN)
    run(source, place)
    assert (source.state, source.question, place.read) == (SourceState.ASKING, "nobody", [])
    services.confirm(admin, source, START)
    assert counts(run(source, place)) == {"added": 10}


def test_the_files_of_an_archive_move_and_go_with_it(source: Source, collection: Collection) -> None:
    place = Place({**TEN, "old.zip": packed({"a.md": "# A", "b.md": "# B"})})
    run(source, place)
    run_job(live(collection)["wiki/old.zip"].job.pk)
    before = {row.pk for name, row in live(collection).items() if ".zip/" in name}
    assert len(before) == 2
    place.files["new.zip"] = place.files.pop("old.zip")
    run(source, place, later(hours=1))
    assert {row.pk for name, row in live(collection).items() if name.startswith("wiki/new.zip/")} == before
    del place.files["new.zip"]
    run(source, place, later(hours=2))
    run(source, place, later(hours=48))
    assert len(live(collection)) == 10


def packed(files: dict[str, str]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def test_a_deleted_collection_is_not_followed(source: Source, collection: Collection) -> None:
    collection.deleted_at = timezone.now()
    collection.save()
    assert due_sources(later(days=1)) == []
    assert not sync(source.pk, moment(), Place(TEN))
