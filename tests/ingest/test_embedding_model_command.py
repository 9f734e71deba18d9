"""manage.py embedding_model."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ingest import embedding
from ingest.management.commands import embedding_model
from ingest.pipeline import run_job
from kb.search.generations import serving
from kb.search.models import GenerationState, IndexGeneration
from tests.fakes import FakeEncoder
from tests.ingest.conftest import Submit
from tests.ingest.generations import OTHER, Models, OtherEncoder, work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def models(encoder: FakeEncoder, submit: Submit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Models]:
    """An installation with a document, and another model."""
    made = Models(encoder, OtherEncoder(4))
    before, embedding.encoders = embedding.encoders, made.encoders()
    monkeypatch.setattr(embedding_model, "encoders", embedding.encoders)
    run_job(submit("# Travel\n\nBook in Concur.").document.job.pk)
    yield made
    embedding.encoders = before


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("embedding_model", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def status() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("status", "--json"))
    return found


def test_built_here_switched_and_back() -> None:
    (first,) = status()
    assert (first["serving"], first["model"], first["model_id"]) == (True, "built-in", "fake@0")
    assert "ready" in run("build", OTHER, "--here")
    _, second = status()
    assert (second["state"], second["current"], second["maximum"]) == ("ready", 1, 1)

    assert "serves now" in run("switch", second["number"])
    assert [row["serving"] for row in status()] == [False, True]
    assert "KB_EMBEDDING_MODEL names built-in" in run("status")
    assert "serves now" in run("back")
    assert [row["serving"] for row in status()] == [True, False]
    assert "KB_EMBEDDING_MODEL" not in run("status")


def test_build_leaves_the_work_to_the_worker() -> None:
    assert "queued 0 of 0 chunks" in run("build", OTHER)
    _, second = status()
    assert second["state"] == "queued"


def test_switch_before_it_is_complete_is_a_wish(models: Models) -> None:
    run("build", OTHER)
    built = IndexGeneration.objects.get(model=OTHER)
    assert "worker switches" in run("switch", built.pk)
    work(built, models)

    assert serving() == built


def test_cancelled_is_resumed_here() -> None:
    run("build", OTHER)
    built = IndexGeneration.objects.get(model=OTHER)
    assert "Cancelled" in run("cancel", built.pk)
    assert "cancelled" in run("status")
    with pytest.raises(CommandError, match="cannot serve: it was cancelled"):
        run("switch", built.pk)

    assert "ready" in run("resume", built.pk, "--here")


def test_model_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="nowhere is not a folder"):
        run("build", "nowhere", "--here")
    assert "failed: The embedding model nowhere is not a folder" in run("status")


def test_drop_is_left_to_the_worker_and_never_takes_what_serves(models: Models) -> None:
    run("build", OTHER, "--here")
    first, second = status()
    with pytest.raises(CommandError, match="Switch to another one first"):
        run("drop", first["number"])
    assert "removes" in run("drop", second["number"])
    built = IndexGeneration.objects.get(pk=second["number"])
    assert built.state == GenerationState.DROPPING
    work(built, models)

    assert [row["model_id"] for row in status()] == ["fake@0"]


@pytest.mark.parametrize("arguments", [("cancel", 1), ("back",), ("switch", 987_654)])
def test_what_cannot_be_done_is_an_error(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
