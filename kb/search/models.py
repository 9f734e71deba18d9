"""What the index is derived from: embeddings, and the log of what became searchable or stopped to be."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class GenerationState(models.TextChoices):
    QUEUED = "queued", "waits for a worker"
    BUILDING = "building", "is being built"
    READY = "ready", "has a vector for every chunk"
    CANCELLED = "cancelled", "cancelled"
    FAILED = "failed", "failed"
    DROPPING = "dropping", "is being removed"


class IndexGeneration(models.Model):
    """The vectors of one embedding model. One generation serves; others may be kept or built beside it.

    ::

        queued → building → ready ⇄ serving
                    ↓         ↓
            cancelled, failed → queued again; or dropping, and gone

    A generation that is ready and does not serve is kept up with new documents, so that it can be switched
    to at any moment.
    """

    # What is loaded: a folder, a name on the hub, or the built-in model.
    model = models.CharField(max_length=1000, blank=True)
    # Name and hash of the weights; empty until a worker has looked at them, as is the dimension.
    model_id = models.CharField(max_length=300, blank=True)
    dimension = models.PositiveIntegerField(default=0)
    serving = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=GenerationState, default=GenerationState.READY)
    # Serve as soon as nothing is missing.
    switch_wanted = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    progress_current = models.PositiveIntegerField(default=0)
    progress_maximum = models.PositiveIntegerField(default=0)
    # Chunks up to this id have been gone through; what was published since then is in the log after the seq.
    last_chunk = models.BigIntegerField(default=0)
    followed_seq = models.BigIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    served_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["serving"], condition=Q(serving=True), name="one_generation_serves"
            ),
            models.UniqueConstraint(
                fields=["model_id"], condition=~Q(model_id=""), name="one_generation_per_model"
            ),
            models.CheckConstraint(
                name="what_serves_is_ready", condition=Q(serving=False) | Q(state="ready", dimension__gt=0)
            ),
            models.CheckConstraint(
                name="generation_lease_has_an_end",
                condition=Q(lease_token=None, lease_until=None)
                | Q(lease_token__isnull=False, lease_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.model_id or self.model


class Embedding(models.Model):
    """The vector of a chunk in a generation: float16, little endian, L2-normalised, `dimension` values."""

    chunk = models.ForeignKey("library.Chunk", on_delete=models.CASCADE, related_name="embeddings")
    # No index: SQLite would prefer it over the chunk's own and scan the whole generation.
    generation = models.ForeignKey(
        IndexGeneration, on_delete=models.CASCADE, related_name="embeddings", db_index=False
    )
    vector = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chunk", "generation"], name="one_vector_per_generation"),
        ]

    def __str__(self) -> str:
        return f"Embedding of chunk {self.chunk_id}"


class Operation(models.TextChoices):
    PUBLISH = "publish", "the document's chunks are searchable"
    REMOVE = "remove", "the document's chunks are not searchable any more"


class IndexEvent(models.Model):
    """One committed change of what is searchable; `seq` order is commit order.

    Rows are only written through `kb.search.log.append`, which keeps that order on every database.
    """

    seq = models.BigAutoField(primary_key=True)
    generation = models.ForeignKey(
        IndexGeneration, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    operation = models.CharField(max_length=10, choices=Operation)
    document_id = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            # The tailer: what happened in my generation after the last event I applied.
            models.Index(fields=["generation", "seq"], name="event_by_generation"),
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.operation} {self.document_id}"
