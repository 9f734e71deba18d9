"""/api/v1/documents/{id}/pages/{n}.png, for programs and for the document's page in the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from ingest.page_images import page_image
from kb.library.access import get_document_for
from kb.library.veil import require_original


class AnyAccepted(BaseContentNegotiation):
    """A browser asks for a picture with `Accept: image/*`; errors are JSON all the same."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


class PageImageView(APIView):
    content_negotiation_class = AnyAccepted

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY}, operation_id="get_page_image")
    def get(self, request: Request, document_id: int, number: int) -> HttpResponse:
        """Page `number` (from 1) of a PDF or a picture as it looks, about 1,200 pixels wide."""
        document = get_document_for(request.user, document_id)
        require_original(request.user, document)
        picture = page_image(document, number)
        # Asked for again each time, so that a revoked grant holds at once; sent again only when it changed.
        etag = quote_etag(hashlib.sha256(picture).hexdigest()[:32])
        response = get_conditional_response(request._request, etag=etag) or HttpResponse(
            picture, content_type="image/png"
        )
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response
