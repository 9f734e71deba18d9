"""Documents that look alike, and what that is found by."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Sketch(models.Model):
    """The MinHash of a document's text: as many uint32 as `ingest.likeness.PERMUTATIONS`."""

    document = models.OneToOneField("library.Document", on_delete=models.CASCADE, related_name="sketch")
    values = models.BinaryField()

    def __str__(self) -> str:
        return f"Sketch of {self.document_id}"


class SketchBand(models.Model):
    """The hash of a part of a sketch. Documents that share one are compared."""

    document = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="+")
    # Without a constraint; see `kb.library.event_models`.
    collection = models.ForeignKey(
        "library.Collection", on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    value = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [
            # Publishing: which documents of the collection share a band with this one.
            models.Index(fields=["collection", "value"], name="sketch_bands"),
        ]

    def __str__(self) -> str:
        return f"Band of {self.document_id}"


class NearDuplicate(models.Model):
    """Two documents of a collection whose texts look alike: reported, and nothing else.

    The rows are of versions: when one of the two changes, its next version makes a pair of its own.
    """

    # Of both, so that a collection's pairs are found without looking at its documents. Without a constraint,
    # too.
    collection = models.ForeignKey(
        "library.Collection", on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    first = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="+")
    # The estimated share of five-word sequences that both have, of all that either has.
    likeness = models.FloatField()
    # A manager said that both are meant to be there; see `kb.library.look_alikes`.
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-likeness", "first_id", "second_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="pair_is_reported_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="pair_is_in_order"),
            models.CheckConstraint(
                condition=Q(dismissed_by=None) | Q(dismissed_at__isnull=False),
                name="who_dismissed_it_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}: {self.likeness:.2f}"


class DocumentLabel(models.Model):
    """A label of a document, folded, for filters. How it is written stands in `Document.labels`."""

    document = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="label_rows")
    name = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar = [
            # Also the index of the filter.
            models.UniqueConstraint(fields=["name", "document"], name="label_is_given_once"),
        ]

    def __str__(self) -> str:
        return self.name
