"""What managers may write of a document."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers


class DetailsRequest(serializers.Serializer[Any]):
    """Only what is given changes. An empty text or list, or null for a date, clears what the file says."""

    title = serializers.CharField(max_length=500, required=False)
    author = serializers.CharField(max_length=100, required=False, allow_blank=True)
    owner = serializers.CharField(max_length=100, required=False, allow_blank=True)
    labels = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=30)
    date = serializers.DateField(required=False, allow_null=True)
    review_by = serializers.DateField(required=False, allow_null=True)

    def changes(self) -> dict[str, Any]:
        """For `kb.library.details.edit_details`."""
        return {
            name: value.isoformat() if isinstance(value, date) else ("" if value is None else value)
            for name, value in self.validated_data.items()
        }
