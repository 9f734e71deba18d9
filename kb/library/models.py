"""What is known: collections of documents, who may read them, and the chunks that are searched.

The life of a document::

    queued ──▶ parsing ──▶ embedding ──▶ ready ──▶ (a newer version is ready: superseded_at is set)
      ▲           │            │
      │           ▼            ▼
      └─ retry ─ failed │ needs_ocr │ quarantined          any state ──▶ deleted (a tombstone stays)

An archive is parsing while it is unpacked. When it is ready, its files have taken its place: superseded_at.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from kb.library.archive_models import ArchiveMember as ArchiveMember
from kb.library.event_models import DocumentEvent as DocumentEvent
from kb.library.likeness_models import NearDuplicate as NearDuplicate
from kb.library.name_models import OtherName as OtherName


class Unproved(models.TextChoices):
    """What becomes of sentences of an answer that no source proves."""

    SHOW = "show", "Show them greyed, as not found in the sources"
    WITHHOLD = "withhold", "Leave them out, and say how many"


class Collection(models.Model):
    """A set of documents with one list of readers."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    known_passages = models.BooleanField(
        default=False,
        help_text="Answers start sooner: the model reads each passage by itself, and once.",
    )
    # Of the collections whose passages an answer is made from, the strictest decides.
    unproved = models.CharField(max_length=10, choices=Unproved, default=Unproved.SHOW)
    # Set while its documents are being swept away; from then on nobody sees the collection.
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unproved__in=Unproved.values), name="unproved_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer: asks and reads"
    EDITOR = "editor", "Editor: also uploads and deletes documents"
    MANAGER = "manager", "Manager: also changes the collection and its grants"


class Grant(models.Model):
    """A role in a collection for one person, one group, or everyone who can sign in."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE)
    everyone = models.BooleanField(default=False)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="grant_has_one_subject",
                condition=Q(user__isnull=False, group=None, everyone=False)
                | Q(user=None, group__isnull=False, everyone=False)
                | Q(user=None, group=None, everyone=True),
            ),
            models.UniqueConstraint(fields=["collection", "user"], name="one_grant_per_user"),
            models.UniqueConstraint(fields=["collection", "group"], name="one_grant_per_group"),
            models.UniqueConstraint(
                fields=["collection"], condition=Q(everyone=True), name="one_grant_for_everyone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.collection}"


class Status(models.TextChoices):
    QUEUED = "queued"
    PARSING = "parsing"
    EMBEDDING = "embedding"
    READY = "ready"
    FAILED = "failed"
    NEEDS_OCR = "needs_ocr"
    QUARANTINED = "quarantined"
    DELETED = "deleted"


PENDING = (Status.QUEUED, Status.PARSING, Status.EMBEDDING)
RETRYABLE = (Status.FAILED, Status.NEEDS_OCR, Status.QUARANTINED)
CANCELLED = "cancelled"  # the failure code of a document that a person took out of the work


class Document(models.Model):
    """One version of one document.

    A changed file under the same `external_id` is a new row with the next `version`. The older row keeps
    answering until the newer is ready, then gets `superseded_at`: no longer retrieved, still openable from
    old answers. A deleted row stays as a tombstone without content.
    """

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="documents")
    external_id = models.CharField(max_length=500)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=500)
    # The sender chose the title; else the file's own replaces it when it has been parsed.
    title_given = models.BooleanField(default=False)
    file_name = models.CharField(max_length=255)
    stored_file = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    metadata = models.JSONField(default=dict)
    # What the sender called this upload, so that sending it again after a lost reply makes no second one.
    idempotency_key = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    failure_code = models.CharField(max_length=50, blank=True)
    failure_reason = models.TextField(blank=True)
    progress_step = models.CharField(max_length=20, blank=True)
    progress_current = models.PositiveIntegerField(default=0)
    progress_maximum = models.PositiveIntegerField(default=0)
    chunk_count = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # Set when the sweep has removed the file, chunks and vectors of a deleted document.
    purged_at = models.DateTimeField(null=True, blank=True)
    # What sort of file it is, by its name: see kb.library.kinds.
    kind = models.CharField(max_length=20, blank=True)
    # What most of its text is in, as ISO 639-1 ("de"); empty where nobody can tell.
    language = models.CharField(max_length=8, blank=True)
    # From the metadata and what managers wrote over it (`edited`): see kb.library.details.
    author = models.CharField(max_length=100, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=list)
    dated = models.DateField(null=True, blank=True)
    review_by = models.DateField(null=True, blank=True)
    edited = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["collection", "external_id", "version"], name="document_version_is_unique"
            ),
            # The same bytes in the same collection are one document.
            models.UniqueConstraint(
                fields=["collection", "sha256"],
                condition=Q(superseded_at=None, deleted_at=None),
                name="live_content_is_unique_per_collection",
            ),
            models.UniqueConstraint(
                fields=["collection", "created_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="idempotency_key_is_used_once",
            ),
            models.CheckConstraint(
                name="deleted_status_and_time_agree",
                condition=Q(status="deleted", deleted_at__isnull=False)
                | (~Q(status="deleted") & Q(deleted_at=None)),
            ),
        ]
        indexes: ClassVar = [
            # The library page and its counts: one collection's documents by state.
            models.Index(fields=["collection", "status"], name="document_by_state"),
            # The kinds of a collection with their counts, and the filter by one.
            models.Index(fields=["collection", "kind"], name="document_by_kind"),
            # What had to be reviewed before today.
            models.Index(
                fields=["collection", "review_by"],
                condition=Q(review_by__isnull=False),
                name="document_by_review",
            ),
            # The purge: deleted and not yet swept.
            models.Index(fields=["deleted_at"], condition=Q(purged_at=None), name="document_to_purge"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def collection_name(self) -> str:
        return self.collection.name


class TextFormat(models.TextChoices):
    MARKDOWN = "markdown"
    PLAIN = "plain"


class DocumentText(models.Model):
    """The parsed text, beside the row so that lists of documents stay light."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, related_name="parsed")
    text = models.TextField()
    text_format = models.CharField(max_length=10, choices=TextFormat)
    # [[start, end], …] in characters, one pair a page; empty for formats without pages.
    pages = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Text of {self.document_id}"


class Chunk(models.Model):
    """A searched piece: ``parsed.text[start:end] == text``."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    page_start = models.PositiveIntegerField(null=True)
    page_end = models.PositiveIntegerField(null=True)
    heading_path = models.JSONField(default=list)
    tokens = models.PositiveIntegerField()
    # What was found in it at ingest, as in `kb.library.flags`: [[reason, start, end], …] in characters of the
    # chunk; empty for nearly all.
    flags = models.JSONField(default=list)
    # Flagged, and no manager has allowed it: never put in front of the model.
    withheld = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["document_id", "ordinal"]
        indexes: ClassVar = [
            # The counts of the library's page: documents with chunks that wait for a manager.
            models.Index(fields=["document"], condition=Q(withheld=True), name="chunk_withheld"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "ordinal"], name="chunk_order_is_unique"),
            models.CheckConstraint(condition=Q(end__gt=models.F("start")), name="chunk_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"Chunk {self.ordinal} of document {self.document_id}"


class ReviewAction(models.TextChoices):
    FLAGGED = "flagged", "Held back at ingest"
    ALLOWED = "allowed", "Allowed"
    WITHHELD = "withheld", "Held back again"


class ChunkReview(models.Model):
    """What was decided about a flagged chunk, when and by whom. Rows are added and never changed.

    A chunk is named by the hash of its text: chunks are made anew when their document is, and a decision
    holds for the same words in the same document and its later versions only.
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="reviews")
    chunk_sha256 = models.CharField(max_length=64)
    action = models.CharField(max_length=10, choices=ReviewAction)
    reasons = models.JSONField(default=list)
    # None: the program itself.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            # Publishing and the document's page: the decisions about one document's chunks.
            models.Index(fields=["document", "chunk_sha256"], name="review_of_chunk"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.document_id}"
