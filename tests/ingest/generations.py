"""Two embedding models and a worker's hands, for tests of changing from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from django.utils import timezone

from ingest.embedding import Encoders
from ingest.pipeline import run_job
from ingest.reembedding import Moment, work_on
from ingest.services import Submission
from kb.exceptions import ConfigurationError
from kb.library.embedding_models import live_chunks
from kb.library.models import Document
from kb.search.engine.encoder import Encoder
from kb.search.generations import serving
from kb.search.models import Embedding, IndexGeneration
from tests.fakes import FakeEncoder

OTHER = "other-model"


class OtherEncoder(FakeEncoder):
    """Another model: other vectors, of the same or of another dimension.

    Attributes:
        seen: every text it embedded.
    """

    model_id = "other@1"

    def __init__(self, dimension: int = 8) -> None:
        super().__init__()
        self.dimension = dimension
        self.seen: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        self.seen += texts
        return np.tile(np.eye(self.dimension, dtype=np.float32)[0], (len(texts), 1))


class Models:
    """What is on this machine: the first model, and another one unless it is taken away."""

    def __init__(self, first: FakeEncoder, other: OtherEncoder) -> None:
        self.first, self.other, self.is_there = first, other, True

    def encoders(self) -> Encoders:
        """As a worker that has just been started has them: nothing is loaded."""
        return Encoders(lambda: cast("Encoder", self.first), self._known, self._named)

    def _known(self, generation: IndexGeneration) -> Encoder:
        known = {each.model_id: each for each in (self.first, self.other)}
        if generation.model_id == self.other.model_id and not self.is_there:
            raise ConfigurationError("The model is not there.")
        return cast("Encoder", known[generation.model_id])

    def _named(self, place: str) -> Encoder:
        if place != OTHER or not self.is_there:
            raise ConfigurationError(f"The embedding model {place} is not a folder on this machine.")
        return cast("Encoder", self.other)


def moments(count: int) -> Moment:
    """Time for so many batches."""
    ticks = iter(range(10_000))
    return Moment(lambda: float(next(ticks)), count - 1.5, timezone.now)


def work(generation: IndexGeneration, models: Models, batches: int = 1000) -> bool:
    more = work_on(generation.pk, models.encoders(), moments(batches))
    if IndexGeneration.objects.filter(pk=generation.pk).exists():
        generation.refresh_from_db()
    return more


def embedded(generation: IndexGeneration) -> set[int]:
    return set(Embedding.objects.filter(generation=generation).values_list("chunk_id", flat=True))


def ingest(submit: Callable[..., Submission], text: str, name: str) -> Document:
    document = submit(text, name=name).document
    run_job(document.job.pk)
    document.refresh_from_db()
    assert document.status == "ready"
    return document


def live() -> set[int]:
    return set(live_chunks().values_list("pk", flat=True))


def served() -> IndexGeneration:
    found = serving()
    assert found is not None
    return found
