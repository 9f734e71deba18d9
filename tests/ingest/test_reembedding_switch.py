"""Case 39: documents come and go while vectors of another model are made, and then that model serves."""

from __future__ import annotations

import pytest
from django.utils import timezone

from ingest import embedding
from ingest.generation_hints import waiting_generations
from ingest.purge import purge_deleted
from kb.library.embedding_models import build_generation, chunks_to_embed, drop_generation, switch_to
from kb.library.models import Chunk, Document
from kb.library.services import delete_document
from kb.search.models import Embedding, GenerationState, IndexEvent, IndexGeneration
from tests.ingest.conftest import Submit
from tests.ingest.generations import OTHER, Models, embedded, ingest, live, served, work

pytestmark = pytest.mark.django_db


def test_documents_that_change_meanwhile_end_up_right(
    submit: Submit, ingested: list[Document], models: Models
) -> None:
    built = build_generation(OTHER)
    work(built, models, batches=1)
    delete_document(ingested[0])
    purge_deleted()
    newer = ingest(submit, "# Travel\n\nTrains are booked at the counter.", ingested[1].external_id)
    added = ingest(submit, "# Parking\n\nParking is free.", "parking.md")
    while work(built, models):
        pass

    assert built.state == GenerationState.READY
    assert switch_to(built.pk)
    assert {*newer.chunks.values_list("pk", flat=True), *added.chunks.values_list("pk", flat=True)} < live()
    assert live() <= embedded(built)
    assert not Embedding.objects.filter(chunk__document=ingested[0]).exists()


def test_document_deleted_while_its_batch_is_embedded_leaves_nothing(
    ingested: list[Document], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_generation(OTHER)
    real = models.other.embed_passages

    def deleted_meanwhile(texts: list[str]) -> object:
        delete_document(ingested[0])
        purge_deleted()
        return real(texts)

    with monkeypatch.context() as patch:
        patch.setattr(models.other, "embed_passages", deleted_meanwhile)
        work(built, models)

    assert embedded(built) == live()
    assert Chunk.objects.filter(document=ingested[0]).count() == 0


def test_kept_generation_gets_vectors_of_later_documents(
    submit: Submit, ingested: list[Document], models: Models
) -> None:
    """So that one can go back at any moment."""
    first = served()
    built = build_generation(OTHER)
    work(built, models)
    assert switch_to(built.pk)
    assert waiting_generations(timezone.now()) == []
    ingest(submit, "# Parking\n\nParking is free.", "parking.md")
    assert embedded(built) == live() and embedded(first) < live()

    assert waiting_generations(timezone.now()) == [first.pk]
    work(first, models)
    assert embedded(first) == live()
    assert waiting_generations(timezone.now()) == []
    assert switch_to(first.pk)
    assert served() == first


def test_switch_waits_for_what_is_missing(submit: Submit, ingested: list[Document], models: Models) -> None:
    built = build_generation(OTHER)
    work(built, models)
    ingest(submit, "# Parking\n\nParking is free.", "parking.md")

    assert not switch_to(built.pk)
    assert served() != built
    assert waiting_generations(timezone.now()) == [built.pk]
    work(built, models)
    assert served() == built
    assert not chunks_to_embed(built.pk).exists()


def test_vector_that_was_lost_is_made_again_before_the_switch(
    ingested: list[Document], models: Models
) -> None:
    built = build_generation(OTHER)
    work(built, models)
    Embedding.objects.filter(generation=built).order_by("pk")[0].delete()
    assert not switch_to(built.pk)
    while work(built, models):
        pass

    assert served() == built
    assert embedded(built) == live()


def test_document_embedded_with_the_old_model_during_the_switch_is_embedded_again(
    submit: Submit, ingested: list[Document], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch falls between embedding and publishing: vectors are never mixed."""
    built = build_generation(OTHER)
    work(built, models)
    real = models.first.embed_passages

    def switched_meanwhile(texts: list[str]) -> object:
        assert switch_to(built.pk)
        return real(texts)

    with monkeypatch.context() as patch:
        patch.setattr(models.first, "embed_passages", switched_meanwhile)
        document = ingest(submit, "# Parking\n\nParking is free.", "parking.md")

    vectors = Embedding.objects.filter(chunk__document=document)
    assert [row.generation_id for row in vectors] == [built.pk]
    assert len(bytes(vectors[0].vector)) == 2 * models.other.dimension


def test_installation_without_documents_changes_its_model(models: Models) -> None:
    embedding.encoders.serving()
    built = build_generation(OTHER)
    work(built, models)

    assert switch_to(built.pk)
    assert embedding.encoders.serving().model_id == "other@1"


def test_dropped_generation_goes_with_all_that_was_made_for_it(
    ingested: list[Document], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.dropping._AT_ONCE", 2)
    first = served()
    built = build_generation(OTHER)
    work(built, models)
    drop_generation(built.pk, searched=[first.pk])
    assert waiting_generations(timezone.now()) == [built.pk]
    assert work(built, models, batches=1), "a part at a time"
    assert 0 < len(embedded(built)) < len(live())
    while work(built, models, batches=1):
        pass

    assert list(IndexGeneration.objects.all()) == [first]
    assert not IndexEvent.objects.exclude(generation=first).exists()
    assert embedded(first) == live()
