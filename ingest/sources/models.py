"""Places outside that a collection follows: what they are, what was seen there, and what each run did.

The state of a source::

    active ◀──────────── resume ─────────── paused
      │  ▲                                    ▲
      │  └─ confirm ── asking ── reject ──────┤
      │                  ▲                    │
      └── stop and ask ──┘──────── pause ─────┘
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from kb.library.models import Collection


class SourceState(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"
    ASKING = "asking"


class Question(models.TextChoices):
    """What a source stopped for."""

    VANISHED = "vanished", "Many files vanished"
    EMPTY = "empty", "Nothing was listed"
    UNREADABLE = "unreadable", "It could not be listed"
    NOBODY = "nobody", "Nobody answers for it"


class Source(models.Model):
    """A folder, bucket or site whose files are a collection's documents.

    A worker leases the row by compare-and-set, so that one run is at work at a time. `options` are as they
    were given; passwords and keys are in `sealed` only.
    """

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=100)
    # What the external ids of its documents begin with; it stays when the source is renamed.
    prefix = models.CharField(max_length=100)
    protocol = models.CharField(max_length=20)
    location = models.CharField(max_length=1000)
    options = models.JSONField(default=dict)
    sealed = models.TextField(blank=True)
    include = models.JSONField(default=list)
    exclude = models.JSONField(default=list)
    every_minutes = models.PositiveIntegerField(default=60)
    grace_hours = models.PositiveIntegerField(default=24)
    state = models.CharField(max_length=10, choices=SourceState, default=SourceState.ACTIVE)
    question = models.CharField(max_length=12, choices=Question, blank=True)
    reason = models.TextField(blank=True)
    # In whose name its documents come in. Somebody has to answer for them.
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    next_run_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection", "prefix"], name="source_prefix_is_unique"),
            models.CheckConstraint(condition=Q(state__in=SourceState.values), name="source_state_is_known"),
            models.CheckConstraint(
                name="source_that_asks_has_a_question",
                condition=(Q(state="asking") & ~Q(question="")) | (~Q(state="asking") & Q(question="")),
            ),
            models.CheckConstraint(
                name="source_lease_is_whole",
                condition=Q(lease_token=None, lease_until=None)
                | Q(lease_token__isnull=False, lease_until__isnull=False),
            ),
            models.CheckConstraint(condition=Q(every_minutes__gte=1), name="source_has_a_schedule"),
        ]
        indexes: ClassVar = [
            # The sweeper: sources whose time has come.
            models.Index(fields=["state", "next_run_at"], name="source_by_time"),
        ]

    def __str__(self) -> str:
        return self.name


class RunState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    ASKED = "asked"
    STOPPED = "stopped"


class RunStep(models.TextChoices):
    LISTING = "listing"
    FETCHING = "fetching"
    DELETING = "deleting"


class SourceRun(models.Model):
    """One look at a source. A worker that dies leaves it running; the next one goes on with it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    step = models.CharField(max_length=10, choices=RunStep, default=RunStep.LISTING)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(state="running"), name="one_run_of_a_source"
            ),
            models.CheckConstraint(
                name="run_ends_when_it_runs_no_longer",
                condition=Q(state="running", finished_at=None)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} of source {self.source_id}: {self.state}"


class SourceFile(models.Model):
    """One file of a source: as it was when it was last taken in, and as the newest listing has it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1000)
    external_id = models.CharField(max_length=500)
    # Of the content that was taken in; empty until it was.
    sha256 = models.CharField(max_length=64, blank=True)
    archive = models.BooleanField(default=False)
    # What the source said of it, then and now.
    mark = models.CharField(max_length=400, blank=True)
    listed_mark = models.CharField(max_length=400, blank=True)
    content_mark = models.CharField(max_length=400, blank=True)
    listed_content_mark = models.CharField(max_length=400, blank=True)
    listed_bytes = models.PositiveBigIntegerField(null=True)
    modified = models.CharField(max_length=40, blank=True)
    seen_in = models.ForeignKey(SourceRun, null=True, on_delete=models.SET_NULL, related_name="+")
    due = models.BooleanField(default=False)
    missing_since = models.DateTimeField(null=True)
    # A manager said that it is really gone.
    missing_agreed = models.BooleanField(default=False)
    failure = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "path"], name="source_file_is_listed_once"),
            models.CheckConstraint(
                condition=Q(missing_agreed=False) | Q(missing_since__isnull=False),
                name="only_a_missing_file_is_agreed_to_be",
            ),
        ]
        indexes: ClassVar = [
            # What is to be fetched, and what vanished.
            models.Index(fields=["source", "due"], name="source_file_due"),
            models.Index(fields=["source", "missing_since"], name="source_file_missing"),
            # The same content elsewhere: a move, or another copy that takes over a document.
            models.Index(fields=["sha256"], name="source_file_by_content"),
        ]

    def __str__(self) -> str:
        return self.path
