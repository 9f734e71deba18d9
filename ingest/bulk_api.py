"""POST /api/v1/documents/{id}/cancel/ and /api/v1/collections/{id}/documents/bulk/."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingest.bulk import ACTIONS, act_on
from ingest.cancelling import cancel_document
from kb.api.authentication import caller
from kb.api.serializers import DocumentSerializer
from kb.library.access import get_collection_for, get_document_for
from kb.library.models import Role
from kb.library.overview import GROUPS, present_documents


class CancelView(APIView):
    @extend_schema(request=None, responses=DocumentSerializer, operation_id="cancel_document")
    def post(self, request: Request, document_id: int) -> Response:
        """Stop the work on a document that waits or is being worked on: it is `failed`, code `cancelled`."""
        document = get_document_for(request.user, document_id, Role.EDITOR)
        cancel_document(document, caller(request))
        document.refresh_from_db()
        return Response(DocumentSerializer(document).data)


class BulkRequest(serializers.Serializer[Any]):
    """Give either `documents` or `state`."""

    action = serializers.ChoiceField(choices=list(ACTIONS))
    documents = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        allow_empty=False,
        max_length=10_000,
    )
    state = serializers.ChoiceField(
        choices=list(GROUPS), required=False, help_text="All that are in this group of states now."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("documents" in attrs) == ("state" in attrs):
            raise serializers.ValidationError("Give either documents or state.")
        return attrs


class BulkResult(serializers.Serializer[Any]):
    done = serializers.ListField(child=serializers.IntegerField(), help_text="Documents it was done to.")
    skipped = serializers.IntegerField(
        help_text="How many were left alone: in no state for it, not in this collection, or gone."
    )


class BulkView(APIView):
    @extend_schema(request=BulkRequest, responses=BulkResult, operation_id="act_on_documents")
    def post(self, request: Request, collection_id: int) -> Response:
        """Retry, cancel, reprocess or delete many documents of a collection."""
        collection = get_collection_for(request.user, collection_id, Role.EDITOR)
        given = BulkRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        wanted = fields.get("documents")
        if wanted is None:
            rows = present_documents([collection]).filter(status__in=GROUPS[fields["state"]])
            wanted = list(rows.values_list("pk", flat=True))
        done = act_on(collection, fields["action"], wanted, caller(request))
        return Response({"done": done, "skipped": len(set(wanted)) - len(done)})
