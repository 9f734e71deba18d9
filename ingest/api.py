"""Uploading over REST: /api/v1/collections/{id}/documents/ and /api/v1/documents/{id}/retry/."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingest.archive_services import submit_upload
from ingest.list_query import PAGING, ListQuery, listed_documents
from ingest.services import Upload, retry_document
from kb.api.authentication import caller
from kb.api.pagination import Pages
from kb.api.serializers import DocumentSerializer
from kb.library.access import get_collection_for, get_document_for
from kb.library.models import Document, Role
from kb.library.veil import cover_documents, veil_for


class UploadRequest(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True)
    external_id = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    title = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    metadata = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="A JSON object.", max_length=20_000
    )

    def validate_metadata(self, value: str) -> dict[str, Any]:
        try:
            parsed = json.loads(value) if value else {}
            # What a database or a JSON reader elsewhere would choke on must not get into a row.
            json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError("must be a plain JSON object") from error
        if not isinstance(parsed, dict) or "\\u0000" in json.dumps(parsed):
            raise serializers.ValidationError("must be a plain JSON object")
        return parsed


class DocumentsView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        parameters=[ListQuery, *PAGING],
        responses=DocumentSerializer(many=True),
        operation_id="list_documents",
    )
    def get(self, request: Request, collection_id: int) -> Response:
        """The collection's documents, the latest first; of those that meet all that is given."""
        collection = get_collection_for(request.user, collection_id)
        rows = listed_documents(collection, request).prefetch_related("other_names")
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        cover_documents(veil_for(request.user), page or ())
        return pages.get_paginated_response(DocumentSerializer(page, many=True).data)

    @extend_schema(
        request={"multipart/form-data": UploadRequest},
        responses={202: OpenApiTypes.OBJECT},
        operation_id="upload",
    )
    def post(self, request: Request, collection_id: int) -> Response:
        """Upload a file. It is parsed and embedded in the background: poll the `Location`.

        Of a zip archive each file becomes a document of its own, in the background too: `document` is the
        archive (`kind` is `archive`) with its progress, and `/members/` below it what became of each file.
        """
        collection = get_collection_for(request.user, collection_id, Role.EDITOR)
        given = UploadRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        submission = submit_upload(
            collection,
            caller(request),
            Upload(
                stream=fields["file"],
                file_name=fields["file"].name,
                external_id=fields["external_id"],
                title=fields["title"],
                metadata=fields["metadata"],
                idempotency_key=request.headers.get("Idempotency-Key", "")[:200],
            ),
        )
        body = {
            "document": DocumentSerializer(Document.objects.get(pk=submission.document.pk)).data,
            "job": job_body(submission.document),
            "created": submission.created,
        }
        if submission.duplicate_of:
            body["duplicate_of"] = submission.duplicate_of.pk
        location = f"/api/v1/documents/{submission.document.pk}/"
        return Response(body, status=status.HTTP_202_ACCEPTED, headers={"Location": location})


class RetryView(APIView):
    @extend_schema(request=None, responses={202: DocumentSerializer}, operation_id="retry_document")
    def post(self, request: Request, document_id: int) -> Response:
        """Try a failed document again."""
        document = get_document_for(request.user, document_id, Role.EDITOR)
        retry_document(document, caller(request))
        document.refresh_from_db()
        return Response(DocumentSerializer(document).data, status=status.HTTP_202_ACCEPTED)


def job_body(document: Document) -> dict[str, Any]:
    job = document.job
    return {"id": job.pk, "state": job.state, "attempts": job.attempts}
