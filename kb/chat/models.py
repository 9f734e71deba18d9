"""Conversations: each message is one question with the immutable record of its answer."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from kb.library.models import Collection, Document


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=200)
    # The collections chosen last, so that the page opens with them; empty means all.
    collection_ids = models.JSONField(default=list)
    # What narrowed the search last: see kb.library.filters.as_told.
    filters = models.JSONField(default=dict)
    # False for calls of programs that keep the conversation themselves; it is not in the person's list.
    listed = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        indexes: ClassVar = [
            # The list of a person's conversations, newest first.
            models.Index(fields=["user", "-updated_at"], name="conversations_of_user"),
        ]

    def __str__(self) -> str:
        return self.title


class Outcome(models.TextChoices):
    RUNNING = "running", "being written"
    ANSWERED = "answered", "complete"
    ABSTAINED = "abstained", "the documents do not say"
    STOPPED = "stopped", "the reader stopped it"
    FAILED = "failed", "it broke off"


class Message(models.Model):
    """One question and its answer. Written once at the end; afterwards only a purge changes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    question = models.TextField()
    standalone_question = models.TextField(blank=True)
    # What narrowed the search for it.
    filters = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    # Why it abstained or failed: a stable word.
    reason = models.CharField(max_length=50, blank=True)
    text = models.TextField(blank=True)
    # [{"text", "block", "starts_block", "supported", "quoted", "citations": [n], "reason", "notice"?}]
    sentences = models.JSONField(default=list)
    usage = models.JSONField(default=dict)
    timings_ms = models.JSONField(default=dict)
    # Counts for measuring: markers removed, sentences not proved, gate features.
    trace = models.JSONField(default=dict)
    model = models.CharField(max_length=300, blank=True)
    # What was offered where nothing was answered: see kb.chat.offers.
    offers = models.JSONField(default=dict)
    # Passages that were found and held back from the model: [{"document_id", "chunk_id"}].
    held_back = models.JSONField(default=list)
    # Where the sources disagree: see kb.chat.conflicts.
    disagreements = models.JSONField(default=list)
    # The rule that gave or blocked the answer, as it was then; empty when none did. See `kb.rules.record`.
    rule = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["created_at"]
        indexes: ClassVar = [
            # A conversation in order.
            models.Index(fields=["conversation", "created_at"], name="messages_in_order"),
        ]

    def __str__(self) -> str:
        return self.question[:80]


class MessagePassage(models.Model):
    """A passage as it was put in front of the model, with the version that it came from."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="passages")
    n = models.PositiveSmallIntegerField()
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    chunk_id = models.BigIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    page_start = models.PositiveIntegerField(null=True)
    page_end = models.PositiveIntegerField(null=True)
    heading_path = models.JSONField(default=list)
    cosine = models.FloatField(null=True)
    bm25 = models.FloatField(null=True)
    rrf_score = models.FloatField(default=0)

    class Meta:
        ordering: ClassVar = ["n"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "n"], name="passage_number_is_unique"),
        ]

    def __str__(self) -> str:
        return f"[{self.n}] of {self.message_id}"


class Citation(models.Model):
    """The exact words that prove a sentence: ``document text [start:end] == quote``."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="citations")
    n = models.PositiveSmallIntegerField()
    passage = models.ForeignKey(MessagePassage, on_delete=models.CASCADE, related_name="citations")
    page = models.PositiveIntegerField(null=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    quote = models.TextField()

    class Meta:
        ordering: ClassVar = ["n"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "n"], name="citation_number_is_unique"),
        ]

    def __str__(self) -> str:
        return f"[{self.n}] {self.quote[:60]}"


class Feedback(models.Model):
    """What the asker thought of an answer."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="feedback")
    helpful = models.BooleanField()
    comment = models.TextField(blank=True, max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return "helpful" if self.helpful else "not helpful"


class OpenQuestion(models.Model):
    """A question that nothing answered, sent by its asker to the managers of a collection.

    It is open until a manager closes it with a reply, or a verified answer made from it is switched on. It
    outlives the conversation that it comes from: the asker gave it away.
    """

    message = models.OneToOneField(
        Message, null=True, on_delete=models.SET_NULL, related_name="open_question"
    )
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="open_questions")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    question = models.TextField()
    note = models.TextField(blank=True)
    # Written from it; it counts from when it is switched on.
    verified = models.ForeignKey(
        "rules.VerifiedAnswer", null=True, on_delete=models.SET_NULL, related_name="open_questions"
    )
    reply = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(question=""), name="open_question_is_not_empty"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False) | Q(reply="", closed_by=None),
                name="open_question_is_replied_to_when_closed",
            ),
        ]
        indexes: ClassVar = [
            # The list of a collection and its count on the collection's page.
            models.Index(fields=["collection", "closed_at"], name="open_questions_of_collection"),
            # How many somebody sent of late.
            models.Index(fields=["asked_by", "created_at"], name="open_questions_by_asker"),
        ]

    def __str__(self) -> str:
        return self.question[:80]


class Calibration(models.Model):
    """How sure of its passages an answer must be; the newest one of a collection holds.

    A row without a collection is for all that have none of their own, and for questions to several.
    """

    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, null=True, blank=True, related_name="calibrations"
    )
    # {"weights": [...], "bias", "threshold"}: see kb.rag.gate.
    gate = models.JSONField()
    # What was expected of it when it was made: see kb.quality.calibration.
    report = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"Calibration of {self.collection or 'the installation'}, {self.created_at:%Y-%m-%d}"
