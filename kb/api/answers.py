"""POST /api/v1/answers/: an answer as one JSON object or as a stream of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.api.authentication import caller
from kb.api.errors import error_body
from kb.api.serializers import AnswerRequest
from kb.api.sse import with_heartbeat
from kb.chat.events import Event, as_sse
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.library.filters import as_told


class EventStreamRenderer(BaseRenderer):
    """Lets `Accept: text/event-stream` through content negotiation; errors are JSON all the same."""

    media_type = "text/event-stream"
    format = "sse"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return JSONRenderer().render(data)


class AnswersView(APIView):
    reads_by_post = True
    renderer_classes = (JSONRenderer, EventStreamRenderer)

    @extend_schema(request=AnswerRequest, responses=OpenApiTypes.OBJECT, operation_id="ask")
    def post(self, request: Request) -> HttpResponseBase:
        """Answer a question from the documents that you may read.

        With `stream` true or `Accept: text/event-stream` the answer comes as server-sent events: `queued`,
        `retrieval`, `delta`, `sentence`, `abstained`, `done`, `error`; `done` carries the answer object.
        """
        given = AnswerRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        ask = Ask(
            user=caller(request),
            question=fields["question"],
            collection_ids=tuple(fields["collections"] or ()) if "collections" in fields else None,
            filters=as_told(fields["filters"]) if "filters" in fields else None,
            conversation_id=fields.get("conversation"),
            verified=fields["verified"],
        )
        if fields["stream"] or request.accepted_renderer.media_type == EventStreamRenderer.media_type:
            return event_stream(ask)
        return async_to_sync(whole_answer)(ask)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """An error is JSON and says so, whatever the caller accepts."""
        if isinstance(response, Response):
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), "application/json"
        return super().finalize_response(request, response, *args, **kwargs)


def event_stream(ask: Ask) -> StreamingHttpResponse:
    """The stream; a question that cannot be taken raises here, so that it gets its true HTTP status."""
    events = answer(ask)
    first = async_to_sync(anext)(events)
    response = StreamingHttpResponse(
        with_heartbeat(as_sse(resumed(first, events))), content_type="text/event-stream; charset=utf-8"
    )
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response


async def resumed(first: Event, rest: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
    """The events, of which the first was already taken."""
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event


async def whole_answer(ask: Ask) -> Response:
    """The answer object, or the error with its status."""
    last: Event | None = None
    async with aclosing(answer(ask)) as events:
        async for event in events:
            last = event
    assert last is not None  # noqa: S101 - a stream ends with done or error
    if last.name != "error":
        return Response(last.data)
    body = last.data
    response = Response(
        error_body(body["code"], body["message"], body["reference"]), status=body.get("http_status", 500)
    )
    if "retry_after_s" in body:
        response["Retry-After"] = str(body["retry_after_s"])
    return response
