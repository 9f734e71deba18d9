"""What one worker of `tests.database.writers` does, with the product's own functions."""

from __future__ import annotations

import io
import random
from functools import cached_property

import numpy as np
from django.utils import timezone

from ingest.chunking import ChunkSpan
from ingest.leases import acquire
from ingest.parsers.base import Block, ParsedDocument
from ingest.pipeline import Embedded, publish
from ingest.purge import purge_deleted
from ingest.row_leases import LeaseLostError
from ingest.services import Upload, submit_document
from kb.accounts.models import User
from kb.library.models import Collection, Document
from kb.library.retrieval import search_chunks
from kb.library.services import delete_document
from kb.search.generations import serving
from kb.search.models import IndexGeneration

_NAMES = 8  # few, so that workers meet at the same documents
_LINES = 6


class Worker:
    """Each step says what it did."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def write(self) -> str:
        """Upload a document, or the next version of one, and publish it."""
        text = "\n\n".join(f"Rule {self._chance.getrandbits(40)} is booked in Concur." for _ in range(_LINES))
        upload = Upload(io.BytesIO(text.encode()), f"rule-{self._chance.randrange(_NAMES)}.md")
        document = submit_document(self._collection, self._user, upload).document
        lease = acquire(document.job.pk, timezone.now(), 60)
        if lease is None:
            return "overtaken"  # by a newer version, before its job was taken
        spans = _spans(text)
        blocks = tuple(Block("paragraph", span.start, span.end) for span in spans)
        try:
            publish(document, lease, ParsedDocument(text, "markdown", blocks=blocks), self._embedded(spans))
        except LeaseLostError:
            return "taken away"  # by a newer version, or a delete
        return "published"

    def remove(self) -> str:
        if self._chance.random() < 0.6:
            return "nothing"
        if self._chance.random() < 0.4:
            purge_deleted()
            return "purged"
        documents = list(Document.objects.filter(collection=self._collection, deleted_at=None))
        if documents:
            delete_document(self._chance.choice(documents))
        return "deleted"

    def search(self) -> str:
        found = search_chunks(self._user, "Which rule is booked in Concur?", None, 10)
        return "found" if found.chunks else "found nothing"

    def _embedded(self, spans: list[ChunkSpan]) -> Embedded:
        """Any vectors: what they say is not asked here."""
        seed = self._chance.getrandbits(32)
        raw = np.random.default_rng(seed).normal(size=(len(spans), self._generation.dimension))
        vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype("<f2")
        return Embedded(
            spans, [[] for _ in spans], vectors, self._generation.model_id, self._generation.dimension
        )

    @cached_property
    def _collection(self) -> Collection:
        return Collection.objects.get(slug="rules")

    @cached_property
    def _user(self) -> User:
        user = self._collection.created_by
        assert user is not None
        return user

    @cached_property
    def _generation(self) -> IndexGeneration:
        generation = serving()
        assert generation is not None
        return generation


def _spans(text: str) -> list[ChunkSpan]:
    spans, start = [], 0
    for line in text.split("\n\n"):
        spans.append(ChunkSpan(start, start + len(line), None, None, (), 8))
        start += len(line) + 2
    return spans
