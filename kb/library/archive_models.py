"""What became of the files of an archive."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class ArchiveMember(models.Model):
    """One file of an archive: the document that stands for it, or why there is none.

    The rows are written together with the documents. So they are also what a worker goes on from that takes
    up the work of one that died: what has a row has been taken in.
    """

    archive = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="members")
    # The file's place in the archive, from 0; those of archives inside are counted in their place.
    ordinal = models.PositiveIntegerField()
    # Below the archive's own external id.
    path = models.CharField(max_length=500)
    document = models.ForeignKey("library.Document", null=True, on_delete=models.CASCADE, related_name="+")
    created = models.BooleanField(default=False)
    # The document has these bytes under another external id.
    duplicate = models.BooleanField(default=False)
    code = models.CharField(max_length=50, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["archive_id", "ordinal"]
        constraints: ClassVar = [
            # Also the index of the list, and of where to go on.
            models.UniqueConstraint(fields=["archive", "ordinal"], name="member_is_taken_once"),
            models.CheckConstraint(
                condition=Q(document__isnull=False, code="") | (Q(document=None) & ~Q(code="")),
                name="member_is_taken_or_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.path
