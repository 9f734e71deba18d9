"""GET /api/v1/documents/{id}/log/: every stage of a document with its time."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.library.access import get_document_for
from kb.library.event_models import Stage
from kb.library.history import history_of
from kb.library.models import Role


class EntrySerializer(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(choices=Stage.choices, source="event.stage")
    at = serializers.DateTimeField(source="event.at")
    since_s = serializers.FloatField(allow_null=True, help_text="Seconds since the entry before.")
    attempt = serializers.IntegerField(source="event.attempt", help_text="Of `parsing`: which try it is.")
    by = serializers.CharField(
        source="event.by.username", default=None, allow_null=True, help_text="null: the program itself."
    )
    detail = serializers.CharField(source="event.detail")


class LogView(APIView):
    @extend_schema(responses=EntrySerializer(many=True), operation_id="get_document_log")
    def get(self, request: Request, document_id: int) -> Response:
        """What happened to this version, the earliest first; for editors of its collection."""
        document = get_document_for(request.user, document_id, Role.EDITOR)
        return Response(EntrySerializer(history_of(document), many=True).data)
