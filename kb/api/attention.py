"""GET /api/v1/collections/{id}/attention/: what its managers should look at."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.chat.attention import due_for_review, near_duplicates, never_cited
from kb.chat.open_questions import waiting_counts
from kb.library.access import get_collection_for
from kb.library.models import Role

_MOST = 500


class BriefSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    external_id = serializers.CharField()
    review_by = serializers.DateField(allow_null=True)


class PairSerializer(serializers.Serializer[Any]):
    first = BriefSerializer()
    second = BriefSerializer()
    likeness = serializers.FloatField(help_text="Estimated share of five-word sequences in common, .7 to 1.")


class AttentionSerializer(serializers.Serializer[Any]):
    near_duplicates = PairSerializer(many=True)
    due_for_review = BriefSerializer(many=True)
    never_cited = BriefSerializer(many=True)
    open_questions = serializers.IntegerField(help_text="That wait for an answer.")


class AttentionView(APIView):
    @extend_schema(responses=AttentionSerializer, operation_id="get_attention")
    def get(self, request: Request, collection_id: int) -> Response:
        """Documents that look alike, are due for review, or were never cited; at most 500 of each."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        found = {
            "near_duplicates": near_duplicates(collection)[:_MOST],
            "due_for_review": due_for_review(collection, timezone.localdate())[:_MOST],
            "never_cited": never_cited(collection, timezone.now())[:_MOST],
            "open_questions": waiting_counts([collection]).get(collection.pk, 0),
        }
        return Response(AttentionSerializer(found).data)
