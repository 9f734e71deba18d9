"""What managers should look at: `collections/{id}/attention/`, and `near-duplicates/{id}/`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.chat.attention import due_for_review, never_cited
from kb.chat.open_questions import waiting_counts
from kb.library.access import get_collection_for
from kb.library.look_alikes import dismiss_pair, get_pair_for, near_duplicates
from kb.library.models import Role
from kb.library.recognition import badly_read

_MOST = 500


class BriefSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    external_id = serializers.CharField()
    review_by = serializers.DateField(allow_null=True)


class PairSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    first = BriefSerializer()
    second = BriefSerializer()
    likeness = serializers.FloatField(help_text="Estimated share of five-word sequences in common, .7 to 1.")
    dismissed_at = serializers.DateTimeField(allow_null=True)
    dismissed_by = serializers.CharField(source="dismissed_by.username", allow_null=True, default=None)


class PairRequest(serializers.Serializer[Any]):
    dismissed = serializers.BooleanField(help_text="Whether both are meant to be there.")


class AttentionSerializer(serializers.Serializer[Any]):
    near_duplicates = PairSerializer(many=True)
    dismissed_near_duplicates = PairSerializer(many=True)
    due_for_review = BriefSerializer(many=True)
    read_with_low_confidence = BriefSerializer(many=True, help_text="By text recognition; the worst first.")
    never_cited = BriefSerializer(many=True)
    open_questions = serializers.IntegerField(help_text="That wait for an answer.")


class AttentionView(APIView):
    @extend_schema(responses=AttentionSerializer, operation_id="get_attention")
    def get(self, request: Request, collection_id: int) -> Response:
        """Documents that look alike, are due for review, or were never cited; at most 500 of each."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        found = {
            "near_duplicates": near_duplicates(collection)[:_MOST],
            "dismissed_near_duplicates": near_duplicates(collection, dismissed=True)[:_MOST],
            "due_for_review": due_for_review(collection, timezone.localdate())[:_MOST],
            "read_with_low_confidence": badly_read(collection)[:_MOST],
            "never_cited": never_cited(collection, timezone.now())[:_MOST],
            "open_questions": waiting_counts([collection]).get(collection.pk, 0),
        }
        return Response(AttentionSerializer(found).data)


class NearDuplicateView(APIView):
    @extend_schema(request=PairRequest, responses=PairSerializer, operation_id="dismiss_near_duplicate")
    def patch(self, request: Request, pair_id: int) -> Response:
        """Say that two documents that look alike are both meant to be there, or take it back; managers only.

        It holds until one of the two changes.
        """
        pair = get_pair_for(request.user, pair_id)
        given = PairRequest(data=request.data)
        given.is_valid(raise_exception=True)
        changed = dismiss_pair(pair, caller(request), dismissed=given.validated_data["dismissed"])
        return Response(PairSerializer(changed).data)
