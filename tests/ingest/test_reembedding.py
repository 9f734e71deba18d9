"""Case 39: the vectors of another embedding model are made beside those that serve."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from ingest import reembedding
from ingest.generation_hints import waiting_generations
from ingest.generation_leases import acquire
from ingest.pipeline import contextual
from ingest.row_leases import LeaseLostError
from kb.library.embedding_models import build_generation, cancel_build, resume_build, switch_to
from kb.library.models import Chunk, Document
from kb.search.models import Embedding, GenerationState, IndexEvent, IndexGeneration
from tests.ingest.conftest import Submit
from tests.ingest.generations import OTHER, Models, embedded, ingest, live, moments, served, work

pytestmark = pytest.mark.django_db


class KilledError(BaseException):
    """Stands for kill -9: nothing in the worker may catch it."""


def test_every_chunk_is_embedded_once_as_ingest_would(ingested: list[Document], models: Models) -> None:
    built = build_generation(OTHER)
    work(built, models)

    assert (built.state, built.dimension) == (GenerationState.READY, models.other.dimension)
    assert built.progress_current == built.progress_maximum == len(live())
    assert embedded(built) == live()
    chunks = Chunk.objects.select_related("document").order_by("pk")
    assert models.other.seen == [contextual(c.document.title, c.heading_path, c.text) for c in chunks]
    sizes = {len(bytes(row.vector)) for row in Embedding.objects.filter(generation=built)}
    assert sizes == {2 * models.other.dimension}
    assert served().model_id == "fake@0", "the old one serves until it is switched"


def test_part_of_a_cut_table_is_embedded_as_ingest_would(submit: Submit, models: Models) -> None:
    rows = "\n".join(f"| Country {number} | {number} |" for number in range(200))
    document = ingest(submit, f"# Rates\n\n| Country | EUR |\n| --- | --- |\n{rows}", "rates.md")
    built = build_generation(OTHER)
    work(built, models)

    parts = Chunk.objects.filter(document=document, text__startswith="| Country 1")
    assert parts
    for part in parts:
        assert contextual("Rates", part.heading_path, part.text, "| Country | EUR |") in models.other.seen


def test_who_follows_the_new_generation_is_told(ingested: list[Document], models: Models) -> None:
    built = build_generation(OTHER)
    work(built, models)

    told = IndexEvent.objects.filter(generation=built).values_list("document_id", flat=True)
    assert set(told) == {document.pk for document in ingested}


@pytest.mark.parametrize("step", ["next_batch", "_encoder", "store", "_identify", "_finish", "switch_to"])
@pytest.mark.parametrize("after", [0, 2])
def test_killed_at_any_step_it_goes_on_where_it_stopped(
    ingested: list[Document], models: Models, step: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_generation(OTHER)
    switch_to(built.pk)
    real, calls = getattr(reembedding, step), 0

    def die(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KilledError
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(reembedding, step, die)
        try:
            work(built, models)
        except KilledError:
            built.refresh_from_db()
            assert built.lease_token is not None, "it died with the lease in its hands"
    lost = len(models.other.seen) - len(embedded(built))
    later = timezone.now() + timedelta(hours=1)
    assert (built.pk in waiting_generations(later)) == (served() != built)
    IndexGeneration.objects.update(lease_until=None, lease_token=None)
    while work(built, models):
        pass

    assert served() == built
    assert embedded(built) == live()
    assert len(models.other.seen) == len(live()) + lost, "nothing stored is embedded again"
    assert lost <= 3


def test_killed_in_the_middle_of_storing_nothing_is_half_there(
    ingested: list[Document], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_generation(OTHER)

    def die(*args: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr("kb.search.log.append", die)
        work(built, models)
    built.refresh_from_db()

    assert embedded(built) == set()
    assert (built.last_chunk, built.progress_current) == (0, 0)


def test_a_moment_ends_and_the_next_goes_on(ingested: list[Document], models: Models) -> None:
    built = build_generation(OTHER)
    assert work(built, models, batches=1)
    assert (built.state, built.lease_token, len(embedded(built))) == (GenerationState.BUILDING, None, 3)
    assert built.pk in waiting_generations(timezone.now())
    while work(built, models, batches=1):
        pass

    assert built.state == GenerationState.READY
    assert len(models.other.seen) == len(live())


def test_cancelled_in_the_middle_it_stops_and_resumes(
    ingested: list[Document], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_generation(OTHER)
    work(built, models, batches=1)
    real = models.other.embed_passages

    def cancelled_meanwhile(texts: list[str]) -> object:
        cancel_build(built.pk)
        return real(texts)

    with monkeypatch.context() as patch:
        patch.setattr(models.other, "embed_passages", cancelled_meanwhile)
        assert not work(built, models)
    assert (built.state, len(embedded(built))) == (GenerationState.CANCELLED, 3)
    assert not work(built, models), "a message that comes late changes nothing"
    assert waiting_generations(timezone.now()) == []

    resume_build(built.pk)
    work(built, models)
    assert embedded(built) == live()
    assert built.state == GenerationState.READY


def test_two_workers_do_not_embed_the_same(ingested: list[Document], models: Models) -> None:
    built = build_generation(OTHER)
    lease = acquire(built.pk, timezone.now(), 60)
    assert lease is not None
    assert not work(built, models)
    assert models.other.seen == []
    lease.release()
    with pytest.raises(LeaseLostError):
        lease.renew(timezone.now())


def test_model_that_is_not_there_fails_with_the_reason_and_resumes(
    ingested: list[Document], models: Models
) -> None:
    built = build_generation(OTHER)
    models.is_there = False
    work(built, models)
    assert built.state == GenerationState.FAILED
    assert built.error == f"The embedding model {OTHER} is not a folder on this machine."
    models.is_there = True
    resume_build(built.pk)
    work(built, models)

    assert (built.state, built.error) == (GenerationState.READY, "")


def test_database_that_is_away_is_waited_for(
    ingested: list[Document], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build_generation(OTHER)

    def gone(*args: object) -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(reembedding, "store", gone)
        assert not work(built, models)
    assert built.state == GenerationState.BUILDING
    assert waiting_generations(timezone.now()) == []
    assert waiting_generations(timezone.now() + timedelta(hours=1)) == [built.pk]


def test_weights_that_serve_already_are_not_built_again(ingested: list[Document], models: Models) -> None:
    models.other.model_id = "fake@0"
    built = build_generation(OTHER)
    work(built, models)

    assert built.state == GenerationState.FAILED
    assert "serves already" in built.error


def test_a_moment_is_over_when_its_time_is() -> None:
    moment = moments(2)
    assert [moment.is_over() for _ in range(2)] == [False, True]
