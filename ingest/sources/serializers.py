"""Sources as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ingest.sources.checking import Preview
from ingest.sources.models import Source, SourceRun
from ingest.sources.protocols import PROTOCOLS
from ingest.sources.services import DECISIONS, SourceFields, secrets_set

_LONGEST_OPTION = 10_000
_MOST_MINUTES = 60 * 24 * 31


class SourceRequest(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    protocol = serializers.ChoiceField(choices=list(PROTOCOLS))
    location = serializers.CharField(max_length=1000)
    options = serializers.DictField(
        child=serializers.CharField(max_length=_LONGEST_OPTION, allow_blank=True),
        required=False,
        help_text="Secrets among them; which there are depends on the protocol: docs/sources.md.",
    )
    include = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=50
    )
    exclude = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=50
    )
    every_minutes = serializers.IntegerField(min_value=1, max_value=_MOST_MINUTES, default=60)
    grace_hours = serializers.IntegerField(min_value=0, max_value=24 * 365, default=24)

    def fields_given(self) -> SourceFields:
        """Of a valid request."""
        return SourceFields(**self.validated_data)


class DecisionRequest(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=list(DECISIONS), default="confirm")


class RunSerializer(serializers.ModelSerializer[SourceRun]):
    class Meta:
        model = SourceRun
        fields = (
            "id", "state", "step", "added", "changed", "moved", "deleted", "unchanged", "failed", "reason",
            "started_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class SourceSerializer(serializers.ModelSerializer[Source]):
    secrets_set = serializers.SerializerMethodField()
    connected_by = serializers.CharField(source="connected_by.username", default="", read_only=True)

    class Meta:
        model = Source
        fields = (
            "id", "collection", "name", "prefix", "protocol", "location", "options", "secrets_set", "include",
            "exclude", "every_minutes", "grace_hours", "state", "question", "reason", "connected_by",
            "created_at", "next_run_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_secrets_set(self, source: Source) -> list[str]:
        """Names of the secrets that are stored."""
        return secrets_set(source)


def preview_body(seen: Preview) -> dict[str, Any]:
    return {
        "files": [{"path": one.path, "size_bytes": one.size_bytes} for one in seen.files],
        "more": seen.more,
    }
