"""The work of turning an uploaded file into a searchable document."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ingest.sources.models import Source, SourceFile, SourceRun
from kb.library.models import Document

__all__ = ["IngestJob", "JobState", "Source", "SourceFile", "SourceRun"]


class JobState(models.TextChoices):
    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


class IngestJob(models.Model):
    """The one job of a document version; the row is the job, a Celery message only a hint to look at it.

    A worker leases the job by compare-and-set and proves with `lease_token` that it still holds it.
    An expired lease means that the worker died: the sweeper queues the job again, up to three attempts.
    """

    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="job")
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    # When the last hint was sent; the sweeper repeats hints that led to nothing.
    hinted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="lease_belongs_to_leased_job",
                condition=Q(state="leased", lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state="leased") & Q(lease_token=None, lease_until=None)),
            ),
        ]
        indexes: ClassVar = [
            # The sweeper: jobs that wait, and leases that have run out.
            models.Index(fields=["state", "lease_until"], name="job_by_state_and_lease"),
        ]

    def __str__(self) -> str:
        return f"Ingest of document {self.document_id}: {self.state}"
