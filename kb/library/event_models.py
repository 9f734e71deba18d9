"""What happened to a document, stage by stage. Rows are added and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Stage(models.TextChoices):
    QUEUED = "queued", "Taken in"
    REPEATED = "repeated", "Queued again"
    PARSING = "parsing", "Reading began"
    CHUNKING = "chunking", "Cutting into passages began"
    EMBEDDING = "embedding", "Indexing began"
    READY = "ready", "Ready"
    BROKE_OFF = "broke_off", "Broke off, will be tried again"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    SUPERSEDED = "superseded", "Replaced by a newer version"
    EDITED = "edited", "Details changed"
    KEPT_BOTH = "kept_both", "Meant to be there beside one that looks alike"
    ALIKE = "alike", "Reported again as looking like another"
    DELETED = "deleted", "Deleted"


ENDS = (Stage.READY, Stage.FAILED, Stage.CANCELLED)


class DocumentEvent(models.Model):
    """One stage of one document. The newest row of a collection also tells that something changed in it."""

    document = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="events")
    # Of the document, so that the newest event of a collection is one look into an index.
    # Without a constraint, which would take a lock on the collection while its documents are held: whoever
    # uploads or deletes takes them the other way around.
    collection = models.ForeignKey(
        "library.Collection", on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    stage = models.CharField(max_length=10, choices=Stage)
    at = models.DateTimeField(default=timezone.now)
    # None: the program itself.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    attempt = models.PositiveSmallIntegerField(default=0)
    detail = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            # The live library: the newest events of a collection.
            models.Index(fields=["collection", "-id"], name="events_of_collection"),
        ]

    def __str__(self) -> str:
        return f"{self.stage}: {self.document_id}"
