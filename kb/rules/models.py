"""Rules outside the model, verified answers, labels, and what the rules did.

The life of a rule and of a verified answer::

    draft ──try──▶ tried ──switch on──▶ on
      ▲              ▲                  │
      └── a change ──┴── switch off ────┘
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from kb.library.models import Collection, Document


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    TRIED = "tried", "Tried"
    ON = "on", "On"


class Kind(models.TextChoices):
    BLOCK = "block", "Blocked topic"
    LABEL = "label", "Sensitivity label"
    REDACTION = "redaction", "Redaction"
    NOTICE = "notice", "Required notice"


class Label(models.Model):
    """A mark on collections and documents, such as "confidential". Who gets what bears it, rules say."""

    name = models.CharField(max_length=60, unique=True)
    description = models.TextField(blank=True, max_length=500)
    collections = models.ManyToManyField(Collection, blank=True, related_name="labels")

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class LabelledDocument(models.Model):
    """A label on a document in all its versions, those to come included."""

    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="documents")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["label", "collection", "external_id"], name="document_is_labelled_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} on {self.external_id}"


class Rule(models.Model):
    """One rule. Which of the fields mean something depends on its kind; see docs/rules.md."""

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=5, choices=State, default=State.DRAFT)
    # The order among rules of one kind; the order of the kinds is fixed.
    position = models.PositiveIntegerField()
    words = models.JSONField(default=list)
    patterns = models.JSONField(default=list)
    in_question = models.BooleanField(default=True)
    in_sources = models.BooleanField(default=False)
    in_answer = models.BooleanField(default=False)
    # Empty: all.
    collections = models.ManyToManyField(Collection, blank=True, related_name="+")
    # Empty: everybody. For a label: who gets what bears it.
    groups = models.ManyToManyField(Group, blank=True, related_name="+")
    groups_excepted = models.BooleanField(default=False)
    text = models.TextField(blank=True, max_length=2000)
    personal = models.JSONField(default=list)
    label = models.ForeignKey(Label, null=True, blank=True, on_delete=models.PROTECT, related_name="rules")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="only_label_rules_have_a_label",
                condition=Q(kind="label", label__isnull=False) | (~Q(kind="label") & Q(label=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class VerifiedAnswer(models.Model):
    """An answer that a person approved, for questions like its variants.

    `verified_by_name` stays when the person's account goes.
    """

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="verified_answers")
    text = models.TextField(max_length=10_000)
    state = models.CharField(max_length=5, choices=State, default=State.DRAFT)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    verified_by_name = models.CharField(max_length=150)
    verified_at = models.DateTimeField()
    # The last day on which it answers.
    valid_until = models.DateField(null=True, blank=True)
    # From this day on its managers are reminded; it goes on answering.
    review_by = models.DateField(null=True, blank=True)
    # Nearness that counts as a match; no semantic one as long as the vectors are not made.
    semantic_threshold = models.FloatField(null=True)
    lexical_threshold = models.FloatField(default=1.0)
    # The last fit as `kb.rules.threshold.Fit`, by kind.
    fit = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            # The list of a collection's verified answers.
            models.Index(fields=["collection", "state"], name="verified_by_collection"),
        ]

    def __str__(self) -> str:
        first = self.variants.first()
        return first.question if first else f"Verified answer {self.pk}"


class Variant(models.Model):
    """A wording of the question, with its vector as float32 bytes (empty until it is made)."""

    answer = models.ForeignKey(VerifiedAnswer, on_delete=models.CASCADE, related_name="variants")
    question = models.CharField(max_length=500)
    vector = models.BinaryField(default=bytes)
    model = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.question


class NearMiss(models.Model):
    """A question that a reader said the verified answer does not answer; it counts once accepted."""

    answer = models.ForeignKey(VerifiedAnswer, on_delete=models.CASCADE, related_name="near_misses")
    question = models.CharField(max_length=500)
    accepted = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["answer", "question"], name="near_miss_is_marked_once"),
        ]

    def __str__(self) -> str:
        return self.question


class VerifiedSource(models.Model):
    """Words of a document behind a verified answer: ``document text [start:end]``.

    Only the span is kept, so that what is purged from the document is gone here as well.
    """

    answer = models.ForeignKey(VerifiedAnswer, on_delete=models.CASCADE, related_name="sources")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    chunk_id = models.BigIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["answer", "document", "start"], name="source_is_named_once"),
            models.CheckConstraint(condition=Q(end__gt=models.F("start")), name="source_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.document} {self.start}–{self.end}"


class Firing(models.Model):
    """One time that a rule had an effect. It names no words of the question or the answer.

    The names stay when the rule, the person or the conversation is deleted.
    """

    kind = models.CharField(max_length=10)
    rule = models.ForeignKey(Rule, null=True, on_delete=models.SET_NULL, related_name="firings")
    verified = models.ForeignKey(VerifiedAnswer, null=True, on_delete=models.SET_NULL, related_name="firings")
    name = models.CharField(max_length=500)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey("chat.Message", null=True, on_delete=models.SET_NULL, related_name="firings")
    # question, sources, answer, or broken: the rule could not be evaluated.
    place = models.CharField(max_length=10)
    # How often, and by kind of data where something was removed; never the words themselves.
    counts = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [
            # The log, newest first, and what is too old for it.
            models.Index(fields=["-created_at"], name="firings_by_time"),
            models.Index(fields=["rule", "-created_at"], name="firings_of_rule"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.place}"


class RuleChange(models.Model):
    """Who changed what: the audit of rules, labels and verified answers. Rows are only added."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    username = models.CharField(max_length=150)
    # rule, verified or label, and its id; `name` as it was called then.
    subject = models.CharField(max_length=10)
    subject_id = models.BigIntegerField()
    name = models.CharField(max_length=500)
    action = models.CharField(max_length=20)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [
            # The history of one thing.
            models.Index(fields=["subject", "subject_id"], name="changes_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.action} {self.name}"


class RuleRevision(models.Model):
    """One row whose token changes with every change above: processes keep compiled rules until it does."""

    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.token
