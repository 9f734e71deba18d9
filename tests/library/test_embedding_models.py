"""What an admin may ask for, and when it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from kb.exceptions import ConflictError, InvalidInputError, NotFoundError
from kb.library.embedding_models import (
    build_generation,
    cancel_build,
    drop_generation,
    previous_generation,
    resume_build,
    switch_to,
)
from kb.library.models import Collection
from kb.search.generations import serving
from kb.search.models import Embedding, GenerationState, IndexGeneration
from tests.factories import make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def first() -> IndexGeneration:
    return IndexGeneration.objects.create(model="one", model_id="one@1", dimension=4, serving=True)


@pytest.fixture
def second(first: IndexGeneration) -> IndexGeneration:
    return IndexGeneration.objects.create(model="two", model_id="two@2", dimension=4)


def test_one_is_built_at_a_time(first: IndexGeneration) -> None:
    built = build_generation("two")
    assert build_generation(" two ") == built, "asked for twice it is the same"
    with pytest.raises(ConflictError, match="two is being built"):
        build_generation("three")
    cancel_build(built.pk)
    other = build_generation("three")
    with pytest.raises(ConflictError, match="three is being built"):
        resume_build(built.pk)
    assert other.state == GenerationState.QUEUED


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 2000])
def test_name_must_be_one(name: str) -> None:
    with pytest.raises(InvalidInputError):
        build_generation(name)


def test_folder_is_named_by_its_whole_path(
    first: IndexGeneration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker may run in another folder."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert build_generation("model").model == str(tmp_path / "model")


def test_cancelling_what_is_not_built_is_refused(first: IndexGeneration) -> None:
    with pytest.raises(ConflictError):
        cancel_build(first.pk)
    with pytest.raises(NotFoundError):
        cancel_build(987_654)


def test_switch_needs_a_vector_for_every_chunk(
    first: IndexGeneration, second: IndexGeneration, collection: Collection
) -> None:
    chunk = make_document(collection).chunks.get()
    assert not switch_to(second.pk)
    assert serving() == first
    Embedding.objects.create(chunk=chunk, generation=second, vector=b"\0" * 8)
    assert switch_to(second.pk)

    second.refresh_from_db()
    assert (serving(), second.switch_wanted) == (second, False)
    assert previous_generation() == first


def test_deleted_and_old_chunks_need_no_vector(second: IndexGeneration, collection: Collection) -> None:
    make_document(collection, status="failed")
    assert switch_to(second.pk)


def test_wish_for_another_replaces_the_first_wish(
    second: IndexGeneration, first: IndexGeneration, collection: Collection
) -> None:
    make_document(collection)
    assert not switch_to(second.pk)
    assert switch_to(first.pk), "it serves"
    second.refresh_from_db()
    assert not second.switch_wanted


def test_stopped_generation_does_not_serve(second: IndexGeneration) -> None:
    IndexGeneration.objects.filter(pk=second.pk).update(state="failed", error="It is broken.")
    with pytest.raises(ConflictError, match=r"failed\. It is broken"):
        switch_to(second.pk)


def test_nothing_to_go_back_to(second: IndexGeneration) -> None:
    with pytest.raises(ConflictError):
        previous_generation()


def test_what_is_still_searched_is_not_dropped(first: IndexGeneration, second: IndexGeneration) -> None:
    with pytest.raises(ConflictError, match="still answers"):
        drop_generation(second.pk, searched=[second.pk])
    with pytest.raises(ConflictError, match="serves"):
        drop_generation(first.pk, searched=[])
    drop_generation(second.pk, searched=[first.pk])
    with pytest.raises(ConflictError, match="being removed"):
        build_generation("two")
    with pytest.raises(ConflictError, match="being removed"):
        switch_to(second.pk)


@pytest.mark.parametrize("wrong", [{"state": "building"}, {"dimension": 0}])
def test_database_lets_only_what_is_ready_serve(first: IndexGeneration, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        IndexGeneration.objects.filter(pk=first.pk).update(**wrong)


def test_database_lets_one_serve(second: IndexGeneration) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        IndexGeneration.objects.update(serving=True)
