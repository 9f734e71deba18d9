"""What the index is derived from: embeddings, and the log of what became searchable or stopped to be."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class IndexGeneration(models.Model):
    """The vectors of one embedding model. One generation serves; another may be built beside it."""

    model_id = models.CharField(max_length=300, unique=True)
    dimension = models.PositiveIntegerField()
    serving = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["serving"], condition=Q(serving=True), name="one_generation_serves"
            ),
        ]

    def __str__(self) -> str:
        return self.model_id


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
