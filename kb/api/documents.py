"""/api/v1/documents/{id}/ and what hangs below it. Uploading is in `ingest.api`."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.api.details import DetailsRequest
from kb.api.pagination import Pages
from kb.api.serializers import ChunkSerializer, DocumentSerializer
from kb.exceptions import NotFoundError
from kb.library.access import get_document_for
from kb.library.details import edit_details
from kb.library.models import Role
from kb.library.services import delete_document
from kb.library.veil import cover_chunks, cover_documents, require_original, veil_for


class DocumentView(APIView):
    @extend_schema(responses=DocumentSerializer, operation_id="get_document")
    def get(self, request: Request, document_id: int) -> Response:
        document = get_document_for(request.user, document_id)
        cover_documents(veil_for(request.user), [document])
        return Response(DocumentSerializer(document).data)

    @extend_schema(request=DetailsRequest, responses=DocumentSerializer, operation_id="edit_document")
    def patch(self, request: Request, document_id: int) -> Response:
        """Say what a document is; for managers. It holds over what the file says, for later versions too."""
        document = get_document_for(request.user, document_id, Role.MANAGER)
        given = DetailsRequest(data=request.data)
        given.is_valid(raise_exception=True)
        edited = edit_details(document, given.changes(), caller(request))
        return Response(DocumentSerializer(edited).data)

    @extend_schema(responses={204: None}, operation_id="delete_document")
    def delete(self, request: Request, document_id: int) -> Response:
        """Delete the document and its older versions; nothing retrieves or cites them from now on."""
        document = get_document_for(request.user, document_id, Role.EDITOR)
        delete_document(document, caller(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChunksView(APIView):
    @extend_schema(responses=ChunkSerializer(many=True), operation_id="list_chunks")
    def get(self, request: Request, document_id: int) -> Response:
        document = get_document_for(request.user, document_id)
        pages = Pages()
        page = pages.paginate_queryset(document.chunks.order_by("ordinal"), request, view=self)
        cover_chunks(veil_for(request.user), document.collection_id, page or ())
        return pages.get_paginated_response(ChunkSerializer(page, many=True).data)


class FileView(APIView):
    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, operation_id="get_file"
    )
    def get(self, request: Request, document_id: int) -> FileResponse:
        """The file as it was uploaded, always as a download: the browser never runs it (case 10).

        403 where it holds what is redacted for readers; managers of the collection get it.
        """
        document = get_document_for(request.user, document_id)
        require_original(request.user, document)
        try:
            file = (Path(settings.MEDIA_ROOT) / document.stored_file).open("rb")
        except FileNotFoundError as error:
            raise NotFoundError from error
        response = FileResponse(
            file, as_attachment=True, filename=document.file_name, content_type="application/octet-stream"
        )
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["Cache-Control"] = "private, no-store"
        return response
