"""/api/v1/rules/, their firings and changes, and /api/v1/labels/. Admins only."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.api.pagination import Pages
from kb.api.rule_serializers import (
    ChangeSerializer,
    FiringSerializer,
    LabelledRequest,
    LabelSerializer,
    RuleSerializer,
    StateRequest,
    TryRequest,
    rule_body,
)  # fmt: skip
from kb.chat.past import past_questions, typed_questions
from kb.exceptions import InvalidInputError
from kb.library.access import get_collection_for
from kb.rules import services
from kb.rules.access import get_label_for, get_rule_for, require_admin
from kb.rules.active import compile_rule
from kb.rules.log import firings
from kb.rules.models import Kind, Label, Rule, RuleChange
from kb.rules.trial import try_rule


class RulesView(APIView):
    @extend_schema(responses=RuleSerializer(many=True), operation_id="list_rules")
    def get(self, request: Request) -> Response:
        """All rules in the order in which they are held against a question."""
        require_admin(request.user)
        order = list(Kind)
        rows = sorted(Rule.objects.all(), key=lambda row: (order.index(Kind(row.kind)), row.position, row.pk))
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response([rule_body(row) for row in page or []])

    @extend_schema(request=RuleSerializer, responses={201: RuleSerializer}, operation_id="create_rule")
    def post(self, request: Request) -> Response:
        """Write a rule. It is a draft: try it, then switch it on."""
        require_admin(request.user)
        given = RuleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        kind = given.validated_data.get("kind")
        if kind is None:
            raise InvalidInputError(f"kind must be one of {', '.join(Kind)}.")
        rule = services.create_rule(caller(request), Kind(kind), given.fields_given())
        return Response(rule_body(rule), status=status.HTTP_201_CREATED)


class RuleView(APIView):
    @extend_schema(responses=RuleSerializer, operation_id="get_rule")
    def get(self, request: Request, rule_id: int) -> Response:
        return Response(rule_body(get_rule_for(request.user, rule_id)))

    @extend_schema(request=RuleSerializer, responses=RuleSerializer, operation_id="change_rule")
    def patch(self, request: Request, rule_id: int) -> Response:
        """Change a rule. It is a draft again, unless only its name changed."""
        rule = get_rule_for(request.user, rule_id)
        changes = request.data if isinstance(request.data, dict) else {}
        given = RuleSerializer(data={**rule_body(rule), **changes})
        given.is_valid(raise_exception=True)
        if given.validated_data.get("kind") != rule.kind:
            raise InvalidInputError("A rule keeps its kind.")
        services.change_rule(caller(request), rule, given.fields_given())
        return Response(rule_body(rule))

    @extend_schema(responses={204: None}, operation_id="delete_rule")
    def delete(self, request: Request, rule_id: int) -> Response:
        services.delete_rule(caller(request), get_rule_for(request.user, rule_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RuleTryView(APIView):
    @extend_schema(request=TryRequest, responses=OpenApiTypes.OBJECT, operation_id="try_rule")
    def post(self, request: Request, rule_id: int) -> Response:
        """Hold the rule against past questions and the given ones; a draft counts as tried afterwards.

        The words of other people's questions are left out, unless the installation shows them.
        """
        rule = get_rule_for(request.user, rule_id)
        given = TryRequest(data=request.data)
        given.is_valid(raise_exception=True)
        pasts = [
            *typed_questions("\n".join(given.validated_data["questions"])),
            *past_questions(caller(request)),
        ]
        fired = try_rule(compile_rule(rule), pasts)
        services.note_tried(caller(request), rule)
        shown = [
            {
                "question": item.past.question if item.past.own else None,
                "place": item.place,
                "cause": item.cause,
            }
            for item in fired
        ]
        return Response({"state": rule.state, "looked_at": len(pasts), "fired": len(fired), "results": shown})


class RuleStateView(APIView):
    @extend_schema(request=StateRequest, responses=RuleSerializer, operation_id="switch_rule")
    def post(self, request: Request, rule_id: int) -> Response:
        """Switch a tried rule on, or one that is on off."""
        rule = get_rule_for(request.user, rule_id)
        given = StateRequest(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data["state"]
        (services.switch_on if wanted == "on" else services.switch_off)(caller(request), rule)
        return Response(rule_body(rule))


class RuleMoveView(APIView):
    @extend_schema(request=None, responses=RuleSerializer, operation_id="move_rule")
    def post(self, request: Request, rule_id: int, direction: str) -> Response:
        """Up or down by one place among the rules of its kind."""
        rule = get_rule_for(request.user, rule_id)
        if direction not in ("up", "down"):
            raise InvalidInputError("The direction must be up or down.")
        services.move_rule(caller(request), rule, up=direction == "up")
        rule.refresh_from_db()
        return Response(rule_body(rule))


class FiringsView(APIView):
    @extend_schema(
        responses=FiringSerializer(many=True),
        operation_id="list_rule_firings",
        parameters=[OpenApiParameter("rule", int), OpenApiParameter("username", str)],
    )
    def get(self, request: Request) -> Response:
        """What rules did, the latest first."""
        require_admin(request.user)
        rows = firings(request.query_params.get("rule", ""), request.query_params.get("username", ""))
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(FiringSerializer(page, many=True).data)


class ChangesView(APIView):
    @extend_schema(responses=ChangeSerializer(many=True), operation_id="list_rule_changes")
    def get(self, request: Request) -> Response:
        """Who changed which rule, label or verified answer, the latest first."""
        require_admin(request.user)
        pages = Pages()
        page = pages.paginate_queryset(RuleChange.objects.all(), request, view=self)
        return pages.get_paginated_response(ChangeSerializer(page, many=True).data)


class LabelsView(APIView):
    @extend_schema(responses=LabelSerializer(many=True), operation_id="list_labels")
    def get(self, request: Request) -> Response:
        require_admin(request.user)
        pages = Pages()
        page = pages.paginate_queryset(Label.objects.all(), request, view=self)
        return pages.get_paginated_response(LabelSerializer(page, many=True).data)

    @extend_schema(request=LabelSerializer, responses={201: LabelSerializer}, operation_id="create_label")
    def post(self, request: Request) -> Response:
        require_admin(request.user)
        given = LabelSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        label = services.create_label(caller(request), fields["name"], fields.get("description", ""))
        return Response(LabelSerializer(label).data, status=status.HTTP_201_CREATED)


class LabelView(APIView):
    @extend_schema(request=LabelledRequest, responses=LabelSerializer, operation_id="set_label")
    def post(self, request: Request, label_id: int) -> Response:
        """Put the label on a collection, or on a document in all its versions; `borne` false takes it off."""
        label = get_label_for(request.user, label_id)
        given = LabelledRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        collection = get_collection_for(request.user, fields["collection"])
        if fields["external_id"]:
            services.label_document(
                caller(request), label, collection, fields["external_id"], borne=fields["borne"]
            )
        else:
            services.label_collection(caller(request), label, collection, borne=fields["borne"])
        return Response(LabelSerializer(label).data)

    @extend_schema(responses={204: None}, operation_id="delete_label")
    def delete(self, request: Request, label_id: int) -> Response:
        services.delete_label(caller(request), get_label_for(request.user, label_id))
        return Response(status=status.HTTP_204_NO_CONTENT)
