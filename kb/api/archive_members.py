"""GET /api/v1/documents/{id}/members/: what became of each file of an archive."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.pagination import Pages
from kb.library.access import get_document_for
from kb.library.archive_models import ArchiveMember


class MemberSerializer(serializers.ModelSerializer[ArchiveMember]):
    document = serializers.IntegerField(source="document_id", allow_null=True)
    duplicate = serializers.BooleanField(
        help_text="The document has these bytes under another external id, and no new one was made."
    )

    class Meta:
        model = ArchiveMember
        fields = ("path", "document", "created", "duplicate", "code", "reason")
        read_only_fields = fields


class MembersView(APIView):
    @extend_schema(responses=MemberSerializer(many=True), operation_id="list_archive_members")
    def get(self, request: Request, document_id: int) -> Response:
        """The files of an archive in its order: `document`, or `code` and `reason` where it was refused.

        While the archive is unpacked, those that have been looked at. `?refused=true` leaves out the others.
        """
        rows = get_document_for(request.user, document_id).members.order_by("ordinal")
        if request.query_params.get("refused") == "true":
            rows = rows.exclude(code="")
        pages = Pages()
        page: Any = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(MemberSerializer(page, many=True).data)
