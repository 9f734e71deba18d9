"""Documents that look alike are reported, and nothing is dropped."""

from __future__ import annotations

import random

import pytest

from ingest.likeness import ALIKE, likeness, sketch_of
from ingest.pipeline import run_job
from ingest.purge import purge_deleted
from kb.accounts.models import User
from kb.library.likeness_models import NearDuplicate, Sketch, SketchBand
from kb.library.look_alikes import dismiss_pair, near_duplicates
from kb.library.models import Collection, Document, Status
from kb.library.services import delete_document
from tests.ingest.conftest import Submit


def text(seed: int, changed: float = 0.0) -> str:
    """Four hundred words that follow from the seed, some of them another."""
    chance, other = random.Random(seed), random.Random(-seed - 1)
    words = [f"word{chance.randrange(5000)}" for _ in range(400)]
    return " ".join(f"new{at}" if other.random() < changed else word for at, word in enumerate(words))


def test_likeness_estimates_the_share_of_sequences_in_common() -> None:
    one, same, near, far = (sketch_of(made) for made in (text(1), text(1), text(1, 0.01), text(2)))
    assert one is not None and same is not None and near is not None and far is not None
    assert likeness(one, same) == 1
    assert ALIKE < likeness(one, near) < 1
    assert likeness(one, far) < 0.1


@pytest.mark.parametrize("short", ["", "Only a few words stand here.", "!!! ???"])
def test_short_texts_are_not_compared(short: str) -> None:
    assert sketch_of(short) is None


def ready(submit: Submit, content: str, name: str) -> Document:
    document = submit(content, name=name).document
    run_job(document.job.pk)
    document.refresh_from_db()
    assert document.status == Status.READY
    return document


def read_again(document: Document) -> None:
    Document.objects.filter(pk=document.pk).update(status=Status.QUEUED)
    document.job.state = "queued"
    document.job.save()
    run_job(document.job.pk)


@pytest.mark.django_db
@pytest.mark.usefixtures("encoder")
class TestReported:
    def test_pair_is_reported_once_and_both_stay(self, submit: Submit, collection: Collection) -> None:
        first = ready(submit, text(1), "a.md")
        second = ready(submit, text(1, 0.01), "b.md")
        ready(submit, text(2), "c.md")
        [pair] = near_duplicates(collection)
        assert (pair.first, pair.second) == (first, second)
        assert ALIKE <= pair.likeness < 1
        assert Document.objects.filter(deleted_at=None, superseded_at=None).count() == 3

    def test_versions_of_one_document_are_no_pair(self, submit: Submit, collection: Collection) -> None:
        ready(submit, text(1), "a.md")
        ready(submit, text(1, 0.01), "a.md")
        assert not NearDuplicate.objects.exists()

    def test_pair_goes_when_one_is_replaced_deleted_or_purged(
        self, submit: Submit, collection: Collection
    ) -> None:
        first = ready(submit, text(1), "a.md")
        ready(submit, text(1, 0.01), "b.md")
        ready(submit, text(9), "b.md")
        assert not near_duplicates(collection).exists()
        delete_document(first)
        purge_deleted()
        assert not NearDuplicate.objects.filter(first=first).exists()
        assert not Sketch.objects.filter(document=first).exists()
        assert not SketchBand.objects.filter(document=first).exists()

    def test_reading_again_reports_no_pair_twice(self, submit: Submit, collection: Collection) -> None:
        ready(submit, text(1), "a.md")
        second = ready(submit, text(1, 0.01), "b.md")
        read_again(second)
        assert near_duplicates(collection).count() == 1

    def test_dismissed_pair_comes_back_when_one_changes_and_not_when_it_is_read_again(
        self, submit: Submit, collection: Collection, owner: User
    ) -> None:
        ready(submit, text(1), "a.md")
        second = ready(submit, text(1, 0.01), "b.md")
        dismiss_pair(near_duplicates(collection).get(), owner, dismissed=True)
        read_again(second)
        assert not near_duplicates(collection).exists()
        assert near_duplicates(collection, dismissed=True).get().dismissed_by == owner
        third = ready(submit, text(1, 0.02), "b.md")
        assert near_duplicates(collection).get().second == third
