"""/api/v1/collections/{id}/flagged/ and /api/v1/chunks/{id}/: what was held back from the model."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.api.pagination import Pages
from kb.api.serializers import ChunkReviewRequest, ChunkSerializer
from kb.library.access import get_chunk_for, get_collection_for
from kb.library.flags import flagged_chunks, review_chunk
from kb.library.models import Role
from kb.library.veil import cover_chunks, veil_for


class FlaggedView(APIView):
    @extend_schema(responses=ChunkSerializer(many=True), operation_id="list_flagged")
    def get(self, request: Request, collection_id: int) -> Response:
        """The collection's flagged chunks; `?withheld=1` leaves out those that a manager has allowed."""
        rows = flagged_chunks(get_collection_for(request.user, collection_id))
        if request.query_params.get("withheld") == "1":
            rows = rows.filter(withheld=True)
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        cover_chunks(veil_for(request.user), collection_id, page or ())
        return pages.get_paginated_response(ChunkSerializer(page, many=True).data)


class ChunkView(APIView):
    @extend_schema(responses=ChunkSerializer, operation_id="get_chunk")
    def get(self, request: Request, chunk_id: int) -> Response:
        chunk = get_chunk_for(request.user, chunk_id)
        cover_chunks(veil_for(request.user), chunk.document.collection_id, [chunk])
        return Response(ChunkSerializer(chunk).data)

    @extend_schema(request=ChunkReviewRequest, responses=ChunkSerializer, operation_id="review_chunk")
    def patch(self, request: Request, chunk_id: int) -> Response:
        """Allow a flagged chunk in prompts, or hold it back again; managers only."""
        chunk = get_chunk_for(request.user, chunk_id, Role.MANAGER)
        given = ChunkReviewRequest(data=request.data)
        given.is_valid(raise_exception=True)
        changed = review_chunk(chunk, caller(request), allowed=given.validated_data["allowed"])
        return Response(ChunkSerializer(changed).data)
