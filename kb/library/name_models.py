"""The other names that a document goes by."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class OtherName(models.Model):
    """An external id under which the bytes of a document came as well.

    The document bears the name that it came by first. When that one is given other bytes, the document goes
    on under another of its names, so that what somebody put in under this one stays.
    """

    # Without a constraint; see `kb.library.event_models`.
    collection = models.ForeignKey(
        "library.Collection", on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    external_id = models.CharField(max_length=500)
    document = models.ForeignKey("library.Document", on_delete=models.CASCADE, related_name="other_names")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            # A name stands for one content. Also the index of whose name it is.
            models.UniqueConstraint(
                fields=["collection", "external_id"], name="other_name_is_of_one_document"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id
