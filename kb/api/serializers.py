"""What the API takes and gives, also as its OpenAPI description."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import Group
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kb.accounts.models import User
from kb.chat.models import Conversation
from kb.library.flags import WORDS as FLAG_WORDS
from kb.library.flags import flags_of
from kb.library.kinds import WORDS as KINDS
from kb.library.models import Chunk, Collection, Document, Grant, Role
from kb.library.progress import progress_of


class CollectionSerializer(serializers.ModelSerializer[Collection]):
    documents = serializers.IntegerField(
        source="documents_ready", read_only=True, help_text="Documents that are searchable now."
    )

    class Meta:
        model = Collection
        fields = (
            "id",
            "name",
            "slug",
            "description",
            "known_passages",
            "unproved",
            "documents",
            "created_at",
        )
        read_only_fields = ("id", "slug", "created_at")


class NameField(serializers.SlugRelatedField[Any]):
    """Somebody by name."""

    def to_internal_value(self, data: Any) -> Any:
        if "\0" in str(data):  # nobody's name, and PostgreSQL refuses to look for it
            self.fail("invalid")
        return super().to_internal_value(data)


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """Give exactly one of username, group (a name) or everyone."""

    username = NameField(
        source="user", slug_field="username", queryset=User.objects.all(), required=False, allow_null=True
    )
    group = NameField(slug_field="name", queryset=Group.objects.all(), required=False, allow_null=True)
    role = serializers.ChoiceField(choices=Role.choices)

    class Meta:
        model = Grant
        fields = ("id", "username", "group", "everyone", "role", "created_at")
        read_only_fields = ("id", "created_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subjects = [attrs.get("user"), attrs.get("group"), attrs.get("everyone") or None]
        if sum(subject is not None for subject in subjects) != 1:
            raise serializers.ValidationError("Give exactly one of username, group and everyone.")
        return attrs


class ProgressSerializer(serializers.Serializer[Any]):
    step = serializers.CharField()
    current = serializers.IntegerField()
    maximum = serializers.IntegerField()
    eta_s = serializers.FloatField(allow_null=True)


class DocumentSerializer(serializers.ModelSerializer[Document]):
    progress = serializers.SerializerMethodField()
    other_names: Any = serializers.SlugRelatedField(
        many=True, read_only=True, slug_field="external_id", help_text="External ids of the same bytes."
    )
    labels = serializers.ListField(child=serializers.CharField(), read_only=True)
    metadata = serializers.JSONField(read_only=True)

    class Meta:
        model = Document
        fields = (
            "id", "collection", "external_id", "other_names", "version", "title", "file_name", "size_bytes",
            "sha256", "status", "failure_code", "failure_reason", "progress", "chunk_count", "metadata",
            "kind", "language", "author", "owner", "labels", "dated", "review_by",
            "created_at", "ready_at", "superseded_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_progress(self, document: Document) -> dict[str, Any] | None:
        return progress_of(document)


class FlagSerializer(serializers.Serializer[Any]):
    """What was found in a chunk; the span is [start, end) in its text."""

    reason = serializers.ChoiceField(choices=list(FLAG_WORDS))
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class ChunkSerializer(serializers.ModelSerializer[Chunk]):
    heading_path = serializers.ListField(child=serializers.CharField())
    flags = serializers.SerializerMethodField()
    withheld = serializers.BooleanField(read_only=True, help_text="Flagged, and kept out of prompts.")

    class Meta:
        model = Chunk
        fields = (
            "id", "document", "ordinal", "start", "end", "text", "page_start", "page_end", "heading_path",
            "tokens", "flags", "withheld",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(FlagSerializer(many=True))
    def get_flags(self, chunk: Chunk) -> list[dict[str, Any]]:
        return [asdict(flag) for flag in flags_of(chunk)]


class ChunkReviewRequest(serializers.Serializer[Any]):
    allowed = serializers.BooleanField(help_text="Whether the chunk may be put in front of the model.")


def _collections() -> serializers.ListField:
    """null is all that the person may read. An empty list is more likely a mistake than a wish for all."""
    number = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    return serializers.ListField(
        child=number, required=False, allow_null=True, allow_empty=False, max_length=1000
    )


class FiltersSerializer(serializers.Serializer[Any]):
    """All that is given must hold; of several labels, kinds or languages, one. An unknown name is refused."""

    labels = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, allow_empty=False, max_length=50
    )
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=list(KINDS)), required=False, allow_empty=False
    )
    languages = serializers.ListField(
        child=serializers.RegexField(r"^[a-z]{2}$"),
        required=False,
        allow_empty=False,
        help_text="Codes of ISO 639-1: de, en.",
    )
    author = serializers.CharField(max_length=100, required=False)
    owner = serializers.CharField(max_length=100, required=False)
    dated_from = serializers.DateField(required=False, help_text="Documents of this day and later.")
    dated_to = serializers.DateField(required=False, help_text="Documents of this day and earlier.")
    current = serializers.BooleanField(
        required=False, help_text="true: leave out documents whose review-by date has passed."
    )

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            # One that is misspelt and ignored would show more than was asked for.
            raise serializers.ValidationError(f"Unknown: {', '.join(sorted(map(str, unknown)))}.")
        return super().to_internal_value(data)


class SearchRequest(serializers.Serializer[Any]):
    query = serializers.CharField(max_length=4000)
    collections = _collections()
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10)
    filters = FiltersSerializer(required=False, allow_null=True)


class AnswerRequest(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=100_000, trim_whitespace=True)
    collections = _collections()
    filters = FiltersSerializer(
        required=False, allow_null=True, help_text="Left out: those of the conversation. null: none."
    )
    conversation = serializers.UUIDField(required=False, allow_null=True)
    verified = serializers.BooleanField(
        default=True, help_text="False: from the documents, even where there is a verified answer."
    )
    stream = serializers.BooleanField(default=False)


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    class Meta:
        model = Conversation
        fields = ("id", "title", "collection_ids", "filters", "created_at", "updated_at")
        read_only_fields = ("id", "collection_ids", "filters", "created_at", "updated_at")


class FeedbackRequest(serializers.Serializer[Any]):
    helpful = serializers.BooleanField()
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
