"""/api/v1/collections/ and the grants in them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.accounts.models import User
from kb.api.pagination import Pages
from kb.api.serializers import CollectionSerializer, GrantSerializer
from kb.exceptions import NotFoundError, PermissionDeniedError
from kb.library.access import collections_for, get_collection_for
from kb.library.models import Collection, Role, Status, Unproved
from kb.library.services import create_collection, delete_collection, grant


def with_counts(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """Annotated with `documents_ready`, the number that is searchable."""
    ready = Q(documents__status=Status.READY, documents__superseded_at=None)
    return collections.annotate(documents_ready=Count("documents", filter=ready)).order_by("name", "pk")


def collection_body(collection: Collection) -> dict[str, Any]:
    [counted] = with_counts(Collection.objects.filter(pk=collection.pk))
    return dict(CollectionSerializer(counted).data)


class CollectionsView(APIView):
    @extend_schema(responses=CollectionSerializer(many=True), operation_id="list_collections")
    def get(self, request: Request) -> Response:
        """The collections that you may read."""
        pages = Pages()
        page = pages.paginate_queryset(with_counts(collections_for(request.user)), request, view=self)
        return pages.get_paginated_response(CollectionSerializer(page, many=True).data)

    @extend_schema(
        request=CollectionSerializer, responses={201: CollectionSerializer}, operation_id="create_collection"
    )
    def post(self, request: Request) -> Response:
        """Create a collection; admins only."""
        user = request.user
        if not isinstance(user, User) or not user.is_superuser:
            raise PermissionDeniedError("Only admins create collections.")
        given = CollectionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        collection = create_collection(
            user,
            fields["name"],
            fields.get("description", ""),
            known_passages=fields.get("known_passages", False),
            unproved=fields.get("unproved", Unproved.SHOW),
        )
        return Response(collection_body(collection), status=status.HTTP_201_CREATED)


class CollectionView(APIView):
    @extend_schema(responses=CollectionSerializer, operation_id="get_collection")
    def get(self, request: Request, collection_id: int) -> Response:
        return Response(collection_body(get_collection_for(request.user, collection_id)))

    @extend_schema(
        request=CollectionSerializer, responses=CollectionSerializer, operation_id="change_collection"
    )
    def patch(self, request: Request, collection_id: int) -> Response:
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        given = CollectionSerializer(collection, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        changed = given.save()
        return Response(collection_body(changed))

    @extend_schema(responses={204: None}, operation_id="delete_collection")
    def delete(self, request: Request, collection_id: int) -> Response:
        """Delete the collection with all its documents."""
        delete_collection(get_collection_for(request.user, collection_id, Role.MANAGER))
        return Response(status=status.HTTP_204_NO_CONTENT)


class GrantsView(APIView):
    @extend_schema(responses=GrantSerializer(many=True), operation_id="list_grants")
    def get(self, request: Request, collection_id: int) -> Response:
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        pages = Pages()
        rows = collection.grants.select_related("user", "group").order_by("pk")
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(GrantSerializer(page, many=True).data)

    @extend_schema(request=GrantSerializer, responses={201: GrantSerializer}, operation_id="give_grant")
    def post(self, request: Request, collection_id: int) -> Response:
        """Give a role; a subject that has one already gets this one instead."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        given = GrantSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        user, group = fields.get("user"), fields.get("group")
        row = grant(collection, Role(fields["role"]), user_id=user and user.pk, group_id=group and group.pk)
        return Response(GrantSerializer(row).data, status=status.HTTP_201_CREATED)


class GrantView(APIView):
    @extend_schema(responses={204: None}, operation_id="revoke_grant")
    def delete(self, request: Request, collection_id: int, grant_id: int) -> Response:
        """Take the role away; it ends with this call."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        removed, _ = collection.grants.filter(pk=grant_id).delete()
        if not removed:
            raise NotFoundError
        return Response(status=status.HTTP_204_NO_CONTENT)
