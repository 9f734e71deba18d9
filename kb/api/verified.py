"""Verified answers: /api/v1/collections/{id}/verified-answers/ and /api/v1/verified-answers/{id}/."""

from __future__ import annotations

import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.api.pagination import Pages
from kb.api.rule_serializers import (
    JudgeRequest,
    NearMissSerializer,
    StateRequest,
    TryRequest,
    VerifiedRequest,
    VerifiedSerializer,
)  # fmt: skip
from kb.chat.access import get_message_for
from kb.chat.past import past_questions, typed_questions
from kb.exceptions import ConflictError
from kb.library.access import get_collection_for
from kb.library.models import Role
from kb.rules import approving
from kb.rules.access import get_near_miss_for, get_verified_for
from kb.rules.active import active_answer
from kb.rules.encoding import encoder_or_none
from kb.rules.models import VerifiedAnswer
from kb.rules.record import VERIFIED
from kb.rules.trial import try_answer
from kb.rules.veil import kept_words


class CollectionVerifiedView(APIView):
    @extend_schema(responses=VerifiedSerializer(many=True), operation_id="list_verified_answers")
    def get(self, request: Request, collection_id: int) -> Response:
        """The verified answers of a collection that you manage."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        rows = collection.verified_answers.prefetch_related("variants", "sources")
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(VerifiedSerializer(page, many=True).data)

    @extend_schema(
        request=VerifiedRequest, responses={201: VerifiedSerializer}, operation_id="create_verified_answer"
    )
    def post(self, request: Request, collection_id: int) -> Response:
        """Approve an answer under your name. It is a draft: try it, then switch it on."""
        collection = get_collection_for(request.user, collection_id, Role.MANAGER)
        made = approving.create_answer(caller(request), collection, _given(request), encoder_or_none())
        return Response(VerifiedSerializer(made).data, status=status.HTTP_201_CREATED)


class VerifiedView(APIView):
    @extend_schema(responses=VerifiedSerializer, operation_id="get_verified_answer")
    def get(self, request: Request, verified_id: int) -> Response:
        return Response(VerifiedSerializer(get_verified_for(request.user, verified_id)).data)

    @extend_schema(
        request=VerifiedRequest, responses=VerifiedSerializer, operation_id="change_verified_answer"
    )
    def put(self, request: Request, verified_id: int) -> Response:
        """Approve it anew under your name; it is a draft again."""
        answer = get_verified_for(request.user, verified_id)
        approving.change_answer(caller(request), answer, _given(request), encoder_or_none())
        return Response(VerifiedSerializer(VerifiedAnswer.objects.get(pk=answer.pk)).data)

    @extend_schema(responses={204: None}, operation_id="delete_verified_answer")
    def delete(self, request: Request, verified_id: int) -> Response:
        approving.delete_answer(caller(request), get_verified_for(request.user, verified_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifiedTryView(APIView):
    @extend_schema(request=TryRequest, responses=OpenApiTypes.OBJECT, operation_id="try_verified_answer")
    def post(self, request: Request, verified_id: int) -> Response:
        """Match it against the given and past questions; a draft counts as tried afterwards."""
        answer = get_verified_for(request.user, verified_id)
        given = TryRequest(data=request.data)
        given.is_valid(raise_exception=True)
        pasts = [
            *typed_questions("\n".join(given.validated_data["questions"])),
            *past_questions(caller(request)),
        ]
        tried = try_answer(active_answer(answer), pasts, encoder_or_none())
        approving.note_answer_tried(caller(request), answer)
        shown = [
            {
                "question": item.past.question if item.past.own else None,
                "matches": item.match.holds,
                "nearness": round(item.match.nearness, 4),
                "needed": item.match.needed,
                "kind": item.match.kind,
                "differs": item.match.differs,
            }
            for item in tried
        ]
        matched = sum(item.match.holds for item in tried)
        return Response(
            {"state": answer.state, "looked_at": len(pasts), "matched": matched, "results": shown}
        )


class VerifiedStateView(APIView):
    @extend_schema(request=StateRequest, responses=VerifiedSerializer, operation_id="switch_verified_answer")
    def post(self, request: Request, verified_id: int) -> Response:
        """Switch a tried one on, or one that is on off."""
        answer = get_verified_for(request.user, verified_id)
        given = StateRequest(data=request.data)
        given.is_valid(raise_exception=True)
        approving.switch_answer(caller(request), answer, on=given.validated_data["state"] == "on")
        return Response(VerifiedSerializer(answer).data)


class NearMissesView(APIView):
    @extend_schema(responses=NearMissSerializer(many=True), operation_id="list_near_misses")
    def get(self, request: Request, verified_id: int) -> Response:
        """Questions of which a reader said that this does not answer them."""
        answer = get_verified_for(request.user, verified_id)
        pages = Pages()
        page = pages.paginate_queryset(answer.near_misses.all(), request, view=self)
        return pages.get_paginated_response(NearMissSerializer(page, many=True).data)


class NearMissView(APIView):
    @extend_schema(request=JudgeRequest, responses={204: None}, operation_id="judge_near_miss")
    def post(self, request: Request, near_miss_id: int) -> Response:
        """Count the question as another one from now on, or forget it."""
        miss = get_near_miss_for(request.user, near_miss_id)
        given = JudgeRequest(data=request.data)
        given.is_valid(raise_exception=True)
        approving.judge_near_miss(
            caller(request), miss, encoder_or_none(), accepted=given.validated_data["accepted"]
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class NotThisView(APIView):
    @extend_schema(request=None, responses={204: None}, operation_id="not_this")
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Say that a verified answer does not answer your question; the question goes to its managers."""
        message = get_message_for(request.user, message_id)
        if message.rule.get("kind") != VERIFIED:
            raise ConflictError("This is no verified answer.")
        answer = VerifiedAnswer.objects.filter(pk=message.rule["id"]).first()
        if answer is not None:
            [question] = kept_words(request.user, [answer.collection_id], message.question)
            approving.mark_not_this(answer, question)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _given(request: Request) -> approving.AnswerFields:
    given = VerifiedRequest(data=request.data)
    given.is_valid(raise_exception=True)
    return approving.AnswerFields(**given.validated_data)
