"""What the API takes and gives about rules and verified answers, also as its OpenAPI description."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kb.rules.active import compile_rule
from kb.rules.approving import MOST_SOURCES, MOST_VARIANTS
from kb.rules.models import Firing, Kind, Label, NearMiss, Rule, RuleChange, State, VerifiedAnswer
from kb.rules.personal import KINDS
from kb.rules.proof import unproved_sentences
from kb.rules.services import RuleFields, described
from kb.rules.sources import is_stopped, trouble_of

BROKEN, STOPPED = "broken", "stopped"


def _texts(longest: int = 500, **more: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=longest), max_length=200, **more)


class RuleSerializer(serializers.Serializer[Any]):
    """A rule; docs/rules.md says what means something for which kind."""

    id = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    name = serializers.CharField(max_length=120)
    state = serializers.ChoiceField(
        choices=[*State.choices, (BROKEN, "On, cannot be evaluated, and blocks")], read_only=True
    )
    position = serializers.IntegerField(read_only=True)
    words = _texts(required=False, help_text="Any of these words or phrases.")
    patterns = _texts(required=False, help_text="Any of these expressions (RE2).")
    in_question = serializers.BooleanField(default=True)
    in_sources = serializers.BooleanField(default=False)
    in_answer = serializers.BooleanField(default=False)
    collections = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=1000
    )
    groups = _texts(longest=150, required=False, help_text="Names of groups.")
    groups_excepted = serializers.BooleanField(default=False)
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    personal = serializers.ListField(
        child=serializers.ChoiceField(choices=list(KINDS.items())), required=False
    )
    label = serializers.CharField(  # type: ignore[assignment]  # which DRF has as well
        max_length=60, required=False, allow_blank=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A redaction that does not say where it looks looks everywhere: what is missed is shown.

        A name that is not known is refused: the rule would lack what somebody meant it to have.
        """
        if unknown := set(self.initial_data) - set(self.fields):
            raise serializers.ValidationError(f"Unknown: {', '.join(sorted(map(str, unknown)))}.")
        places = ("in_question", "in_sources", "in_answer")
        if attrs.get("kind") == Kind.REDACTION and not any(place in self.initial_data for place in places):
            attrs |= dict.fromkeys(places, True)
        return attrs

    def fields_given(self) -> RuleFields:
        known = {item.name for item in fields(RuleFields)}
        return RuleFields(**{name: value for name, value in self.validated_data.items() if name in known})


def rule_body(rule: Rule) -> dict[str, Any]:
    """Of a rule that is on and cannot be evaluated the state says so: it does not do what it says."""
    state = BROKEN if rule.state == State.ON and compile_rule(rule).broken else str(rule.state)
    return {"id": rule.pk, **described(rule), "state": state}


class StateRequest(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["on", "off"])


class TryRequest(serializers.Serializer[Any]):
    questions = _texts(longest=4000, required=False, default=list)


class FiringSerializer(serializers.ModelSerializer[Firing]):
    username = serializers.CharField(source="user.username", default=None, read_only=True)
    counts = serializers.JSONField(read_only=True)

    class Meta:
        model = Firing
        fields = (
            "id",
            "kind",
            "rule",
            "verified",
            "name",
            "username",
            "message",
            "place",
            "counts",
            "created_at",
        )
        read_only_fields = fields


class ChangeSerializer(serializers.ModelSerializer[RuleChange]):
    before = serializers.JSONField(read_only=True)
    after = serializers.JSONField(read_only=True)

    class Meta:
        model = RuleChange
        fields = (
            "id",
            "username",
            "subject",
            "subject_id",
            "name",
            "action",
            "before",
            "after",
            "created_at",
        )
        read_only_fields = fields


class LabelSerializer(serializers.ModelSerializer[Label]):
    collections: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    documents = serializers.SerializerMethodField()

    class Meta:
        model = Label
        fields = ("id", "name", "description", "collections", "documents")
        # Whether the name is taken is the service's to say, with a 409.
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"validators": []}}

    def get_documents(self, label: Label) -> list[dict[str, Any]]:
        rows = label.documents.order_by("pk").values_list("collection_id", "external_id")
        return [{"collection": collection, "external_id": name} for collection, name in rows]


class LabelledRequest(serializers.Serializer[Any]):
    collection = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    external_id = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    borne = serializers.BooleanField(default=True)


class VerifiedRequest(serializers.Serializer[Any]):
    variants = serializers.ListField(
        child=serializers.CharField(max_length=500), min_length=1, max_length=MOST_VARIANTS
    )
    text = serializers.CharField(max_length=10_000)
    chunks = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=MOST_SOURCES, required=False, default=list, help_text="Ids of the passages that prove it.",
    )  # fmt: skip
    valid_until = serializers.DateField(required=False, allow_null=True, default=None)
    review_by = serializers.DateField(required=False, allow_null=True, default=None)


class VerifiedSerializer(serializers.ModelSerializer[VerifiedAnswer]):
    state = serializers.SerializerMethodField(
        help_text="`stopped`: on, and silent because its last day is over or a source no longer stands."
    )
    variants: Any = serializers.SlugRelatedField(many=True, read_only=True, slug_field="question")
    chunks: Any = serializers.SlugRelatedField(
        many=True, read_only=True, slug_field="chunk_id", source="sources"
    )
    verified_by = serializers.CharField(source="verified_by_name", read_only=True)
    troubles = serializers.SerializerMethodField(help_text="Sources that are gone, changed or newer.")
    unproved = serializers.SerializerMethodField(
        help_text="Sentences of the text that the program did not find in its sources."
    )
    fit = serializers.JSONField(read_only=True)

    class Meta:
        model = VerifiedAnswer
        fields = (
            "id", "collection", "state", "variants", "text", "chunks", "verified_by", "verified_at",
            "valid_until", "review_by", "semantic_threshold", "lexical_threshold", "fit", "troubles",
            "unproved", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=[*State.values, STOPPED]))
    def get_state(self, answer: VerifiedAnswer) -> str:
        return STOPPED if is_stopped(answer) else str(answer.state)

    def get_unproved(self, answer: VerifiedAnswer) -> list[str]:
        return unproved_sentences(answer)

    def get_troubles(self, answer: VerifiedAnswer) -> list[dict[str, Any]]:
        return [
            {"document": source.document_id, "trouble": trouble} for source, trouble in trouble_of(answer)
        ]


class NearMissSerializer(serializers.ModelSerializer[NearMiss]):
    class Meta:
        model = NearMiss
        fields = ("id", "question", "accepted", "created_at")
        read_only_fields = fields


class JudgeRequest(serializers.Serializer[Any]):
    accepted = serializers.BooleanField(help_text="False forgets the question.")
