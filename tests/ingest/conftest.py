from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ingest import embedding
from ingest.services import Submission, Upload, submit_document
from kb.accounts.models import User
from kb.library.models import Collection
from tests.fakes import FakeEncoder

Submit = Callable[..., Submission]


@pytest.fixture
def encoder() -> Iterator[FakeEncoder]:
    """The worker's encoder is a fake; everything else is real."""
    before, fake = embedding._encoder, FakeEncoder()
    embedding._encoder = fake  # type: ignore[assignment]
    yield fake
    embedding._encoder = before


@pytest.fixture
def submit(collection: Collection, owner: User) -> Submit:
    """Submit a text as a file."""

    def call(
        content: str | bytes = "# Travel\n\nBook in Concur.", name: str = "travel.md", **fields: Any
    ) -> Submission:
        raw = content.encode() if isinstance(content, str) else content
        return submit_document(collection, owner, Upload(io.BytesIO(raw), name, **fields))

    return call
