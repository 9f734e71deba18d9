"""/api/v1/conversations/ and the feedback on their messages."""

from __future__ import annotations

import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.pagination import Pages
from kb.api.serializers import ConversationSerializer, FeedbackRequest
from kb.chat.access import conversations_for, get_conversation_for, get_message_for
from kb.chat.models import Feedback
from kb.chat.serialize import answer_objects, with_sources
from kb.rules.veil import kept_words


class ConversationsView(APIView):
    @extend_schema(responses=ConversationSerializer(many=True), operation_id="list_conversations")
    def get(self, request: Request) -> Response:
        """Your conversations, the latest first."""
        pages = Pages()
        page = pages.paginate_queryset(conversations_for(request.user), request, view=self)
        return pages.get_paginated_response(ConversationSerializer(page, many=True).data)


class ConversationView(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT, operation_id="get_conversation")
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """The conversation with its answers."""
        conversation = get_conversation_for(request.user, conversation_id)
        messages = answer_objects(with_sources(conversation.messages.all()), request.user)
        return Response({**ConversationSerializer(conversation).data, "messages": messages})

    @extend_schema(
        request=ConversationSerializer, responses=ConversationSerializer, operation_id="rename_conversation"
    )
    def patch(self, request: Request, conversation_id: uuid.UUID) -> Response:
        conversation = get_conversation_for(request.user, conversation_id)
        given = ConversationSerializer(conversation, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        # Only the title: renaming does not make a conversation recent.
        title = given.validated_data.get("title", conversation.title)
        [conversation.title] = kept_words(request.user, conversation.collection_ids, title)
        conversation.save(update_fields=["title"])
        return Response(ConversationSerializer(conversation).data)

    @extend_schema(responses={204: None}, operation_id="delete_conversation")
    def delete(self, request: Request, conversation_id: uuid.UUID) -> Response:
        get_conversation_for(request.user, conversation_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class FeedbackView(APIView):
    @extend_schema(request=FeedbackRequest, responses=FeedbackRequest, operation_id="give_feedback")
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Say whether an answer helped; saying it again replaces the first."""
        message = get_message_for(request.user, message_id)
        given = FeedbackRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        collections = message.conversation.collection_ids
        [fields["comment"]] = kept_words(request.user, collections, fields["comment"])
        Feedback.objects.update_or_create(message=message, defaults=fields)
        return Response(FeedbackRequest(fields).data)
