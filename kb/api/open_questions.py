"""Unanswered questions: sent to a collection's managers, listed and closed by them."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.api.pagination import Pages
from kb.chat.access import get_message_for, get_open_question_for, open_questions_for
from kb.chat.models import OpenQuestion
from kb.chat.open_questions import NOTE_CHARS, STATES, close_question, in_state, send_question, state_of
from kb.exceptions import InvalidInputError
from kb.library.access import get_collection_for
from kb.library.models import Role


class OpenQuestionRequest(serializers.Serializer[Any]):
    collection = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    note = serializers.CharField(max_length=NOTE_CHARS, required=False, allow_blank=True, default="")


class CloseRequest(serializers.Serializer[Any]):
    reply = serializers.CharField(
        max_length=NOTE_CHARS, required=False, allow_blank=True, default="", help_text="Its asker reads this."
    )


class OpenQuestionSerializer(serializers.ModelSerializer[OpenQuestion]):
    state = serializers.SerializerMethodField()
    asked_by = serializers.CharField(source="asked_by.username", default="", read_only=True)
    closed_by = serializers.CharField(source="closed_by.username", default="", read_only=True)

    class Meta:
        model = OpenQuestion
        fields = (
            "id", "collection", "question", "note", "asked_by", "state", "verified", "reply", "closed_by",
            "created_at", "closed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_state(self, question: OpenQuestion) -> str:
        """open, answered (by a verified answer that is on), or closed."""
        return state_of(question)


class SendView(APIView):
    @extend_schema(
        request=OpenQuestionRequest,
        responses={201: OpenQuestionSerializer},
        operation_id="send_open_question",
    )
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Send a question of yours that was not answered to the managers of a collection; once."""
        message = get_message_for(request.user, message_id)
        given = OpenQuestionRequest(data=request.data)
        given.is_valid(raise_exception=True)
        collection = get_collection_for(request.user, given.validated_data["collection"])
        made = send_question(caller(request), message, collection, given.validated_data["note"])
        return Response(OpenQuestionSerializer(made).data, status=status.HTTP_201_CREATED)


class CollectionQuestionsView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("state", enum=list(STATES), description="Default: all.")],
        responses=OpenQuestionSerializer(many=True),
        operation_id="list_open_questions",
    )
    def get(self, request: Request, collection_id: int) -> Response:
        """The questions that were sent to a collection which you manage, the latest first."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        state = request.query_params.get("state", "")
        if state and state not in STATES:
            raise InvalidInputError(f"state must be one of {', '.join(STATES)}.")
        rows = in_state(open_questions_for(request.user).filter(collection=collection), state)
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(OpenQuestionSerializer(page, many=True).data)


class OpenQuestionView(APIView):
    @extend_schema(responses=OpenQuestionSerializer, operation_id="get_open_question")
    def get(self, request: Request, question_id: int) -> Response:
        return Response(OpenQuestionSerializer(get_open_question_for(request.user, question_id)).data)


class CloseView(APIView):
    @extend_schema(request=CloseRequest, responses=OpenQuestionSerializer, operation_id="close_open_question")
    def post(self, request: Request, question_id: int) -> Response:
        """Close it, with a reply that its asker reads in the conversation."""
        question = get_open_question_for(request.user, question_id)
        given = CloseRequest(data=request.data)
        given.is_valid(raise_exception=True)
        close_question(caller(request), question, given.validated_data["reply"])
        return Response(OpenQuestionSerializer(question).data)
