"""POST /api/v1/search/."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.serializers import SearchRequest
from kb.chat.serialize import document_brief
from kb.library.access import AnyUser
from kb.library.filters import SearchFilters, as_told, filters_of
from kb.library.retrieval import FoundChunk, search_chunks
from kb.library.veil import covered_hit, veil_for
from kb.rag.highlights import highlights
from kb.rules.labels import label_filter


class SearchView(APIView):
    reads_by_post = True

    @extend_schema(request=SearchRequest, responses=OpenApiTypes.OBJECT, operation_id="search")
    def post(self, request: Request) -> Response:
        """Hybrid search over the collections that you may read."""
        given = SearchRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        return Response(
            search_body(
                request.user,
                fields["query"],
                fields.get("collections"),
                fields["limit"],
                filters_of(as_told(fields.get("filters")), timezone.localdate()),
            )
        )


def search_body(
    user: AnyUser,
    query: str,
    collections: list[int] | None,
    limit: int,
    filters: SearchFilters | None = None,
) -> dict[str, Any]:
    """The response of the search call; `manage.py search --json` prints the same."""
    started = time.perf_counter()
    found = search_chunks(user, query, collections, limit, label_filter(user), filters=filters)
    veil = veil_for(user)
    hits = [hit_object(covered_hit(veil, item), query) for item in found.chunks]
    total = round((time.perf_counter() - started) * 1000, 2)
    return {"hits": hits, "timings_ms": {**found.timings_ms, "total": total}}


def hit_object(item: FoundChunk, query: str) -> dict[str, Any]:
    return {
        "chunk_id": item.pk,
        "document": document_brief(item.document),
        "page_start": item.page_start,
        "page_end": item.page_end,
        "heading_path": item.heading_path,
        "text": item.text,
        "highlights": highlights(query, item.text),
        "rrf_score": item.hit.rrf_score,
        "cosine": item.hit.cosine,
        "bm25": item.hit.bm25,
        "flags": sorted({str(reason) for reason, _, _ in item.flags}),
        "withheld": item.withheld,
    }
