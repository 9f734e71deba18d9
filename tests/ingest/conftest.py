from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from ingest import embedding, reembedding
from ingest.archive_services import submit_upload
from ingest.embedding import Encoders
from ingest.pipeline import run_job
from ingest.services import Submission, Upload, submit_document
from kb.accounts.models import User
from kb.library.kinds import ARCHIVE
from kb.library.models import Collection, Document
from kb.search.engine.encoder import Encoder
from tests.fakes import FakeEncoder
from tests.ingest.generations import Models, OtherEncoder, ingest

Submit = Callable[..., Submission]


def encoders_that_give(fake: FakeEncoder) -> Encoders:
    made = cast("Encoder", fake)
    return Encoders(lambda: made, lambda generation: made, lambda place: made)


@pytest.fixture
def encoder() -> Iterator[FakeEncoder]:
    """The worker's encoder is a fake; everything else is real."""
    before, fake = embedding.encoders, FakeEncoder()
    embedding.encoders = encoders_that_give(fake)
    yield fake
    embedding.encoders = before


@pytest.fixture
def submit(collection: Collection, owner: User) -> Submit:
    """Submit a text as a file."""

    def call(
        content: str | bytes = "# Travel\n\nBook in Concur.", name: str = "travel.md", **fields: Any
    ) -> Submission:
        raw = content.encode() if isinstance(content, str) else content
        return submit_document(collection, owner, Upload(io.BytesIO(raw), name, **fields))

    return call


@pytest.fixture(params=[8, 4], ids=["same dimension", "other dimension"])
def models(
    request: pytest.FixtureRequest, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Models]:
    """Two embedding models, and small batches of what the other one is to embed."""
    monkeypatch.setattr(reembedding, "_AT_ONCE", 3)
    made = Models(encoder, OtherEncoder(request.param))
    before, embedding.encoders = embedding.encoders, made.encoders()
    yield made
    embedding.encoders = before


@pytest.fixture
def ingested(submit: Submit, models: Models) -> list[Document]:
    """Documents that the first model has embedded."""
    text = "# Travel\n\n" + "Flights are booked in Concur. " * 300
    return [ingest(submit, f"{text} {number}", f"{number}.md") for number in range(3)]


@pytest.fixture
def take(collection: Collection, owner: User) -> Any:
    """Upload an archive, and do what a worker does with it; the archive's row."""

    def call(data: bytes, name: str = "policies.zip", **fields: Any) -> Document:
        archive = submit_upload(collection, owner, Upload(io.BytesIO(data), name, **fields)).document
        assert archive.kind == ARCHIVE
        run_job(archive.job.pk)
        archive.refresh_from_db()
        return archive

    return call
