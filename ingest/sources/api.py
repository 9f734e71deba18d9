"""Sources over REST: /api/v1/collections/{id}/sources/ and /api/v1/sources/{id}/."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ingest.sources import services
from ingest.sources.access import get_source_for, sources_for
from ingest.sources.checking import preview
from ingest.sources.models import SourceRun
from ingest.sources.sealing import unseal
from ingest.sources.serializers import (
    DecisionRequest,
    RunSerializer,
    SourceRequest,
    SourceSerializer,
    preview_body,
)
from kb.api.authentication import caller
from kb.api.pagination import Pages
from kb.exceptions import InvalidInputError
from kb.library.access import get_collection_for
from kb.library.models import Role


class CollectionSourcesView(APIView):
    @extend_schema(responses=SourceSerializer(many=True), operation_id="list_sources")
    def get(self, request: Request, collection_id: int) -> Response:
        """The sources of a collection that you manage."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        pages = Pages()
        rows = sources_for(request.user).filter(collection=collection)
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(SourceSerializer(page, many=True).data)

    @extend_schema(request=SourceRequest, responses={201: SourceSerializer}, operation_id="connect_source")
    def post(self, request: Request, collection_id: int) -> Response:
        """Connect a folder, a bucket or a site. Its first run starts within seconds.

        `options` holds passwords and keys too; they are encrypted at rest and never shown again.
        """
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        given = SourceRequest(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.connect_source(caller(request), collection, given.fields_given(), timezone.now())
        return Response(SourceSerializer(made).data, status=status.HTTP_201_CREATED)


class PreviewView(APIView):
    @extend_schema(request=SourceRequest, responses=OpenApiTypes.OBJECT, operation_id="preview_source")
    def post(self, request: Request, collection_id: int) -> Response:
        """Try a source before it is connected: the first files that would come in."""
        get_collection_for(request.user, collection_id, Role.MANAGER)
        given = SourceRequest(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.fields_given()
        seen = preview(wanted.protocol, wanted.location, wanted.options, wanted.include, wanted.exclude)
        return Response(preview_body(seen))


class SourceView(APIView):
    @extend_schema(responses=SourceSerializer, operation_id="get_source")
    def get(self, request: Request, source_id: int) -> Response:
        return Response(SourceSerializer(get_source_for(request.user, source_id)).data)

    @extend_schema(request=SourceRequest, responses=SourceSerializer, operation_id="change_source")
    def put(self, request: Request, source_id: int) -> Response:
        """Write it anew. Secrets that are left out stay, unless the place is another one."""
        source = get_source_for(request.user, source_id)
        given = SourceRequest(data=request.data)
        given.is_valid(raise_exception=True)
        changed = services.change_source(source, given.fields_given(), timezone.now())
        return Response(SourceSerializer(changed).data)

    @extend_schema(
        parameters=[OpenApiParameter("documents", enum=["keep", "delete"], required=True)],
        responses={204: None},
        operation_id="remove_source",
    )
    def delete(self, request: Request, source_id: int) -> Response:
        """Disconnect it, and keep or delete the documents that came from it."""
        source = get_source_for(request.user, source_id)
        wanted = request.query_params.get("documents", "")
        if wanted not in ("keep", "delete"):
            raise InvalidInputError("documents must be keep or delete.")
        services.remove_source(source, delete_its_documents=wanted == "delete")
        return Response(status=status.HTTP_204_NO_CONTENT)


class RunView(APIView):
    @extend_schema(request=None, responses={202: SourceSerializer}, operation_id="run_source")
    def post(self, request: Request, source_id: int) -> Response:
        """Look at it now and not only when its time comes."""
        source = get_source_for(request.user, source_id)
        services.run_now(source, timezone.now())
        source.refresh_from_db()
        return Response(SourceSerializer(source).data, status=status.HTTP_202_ACCEPTED)


class PreviewStoredView(APIView):
    @extend_schema(request=None, responses=OpenApiTypes.OBJECT, operation_id="preview_stored_source")
    def post(self, request: Request, source_id: int) -> Response:
        """Try a connected source: the first files that it has now."""
        source = get_source_for(request.user, source_id)
        options = {**source.options, **unseal(source.sealed)}
        seen = preview(source.protocol, source.location, options, source.include, source.exclude)
        return Response(preview_body(seen))


class DecideView(APIView):
    @extend_schema(request=DecisionRequest, responses=SourceSerializer, operation_id="decide_source")
    def post(self, request: Request, source_id: int) -> Response:
        """Answer what it stopped for: `confirm` or `reject`. Or `pause` it, and `resume`.

        Confirming many vanished files lets them be deleted when their grace is over.
        """
        source = get_source_for(request.user, source_id)
        given = DecisionRequest(data=request.data)
        given.is_valid(raise_exception=True)
        services.decide(caller(request), source, given.validated_data["decision"], timezone.now())
        source.refresh_from_db()
        return Response(SourceSerializer(source).data)


class RunsView(APIView):
    @extend_schema(responses=RunSerializer(many=True), operation_id="list_source_runs")
    def get(self, request: Request, source_id: int) -> Response:
        """What each run did, the latest first."""
        source = get_source_for(request.user, source_id)
        pages = Pages()
        page = pages.paginate_queryset(SourceRun.objects.filter(source=source), request, view=self)
        return pages.get_paginated_response(RunSerializer(page, many=True).data)
