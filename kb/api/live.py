"""GET /api/v1/collections/{id}/live/: what goes on in a collection, as server-sent events.

All streams of this process look through one thread with one database connection, and streams of the same
collection share one look: a hundred open pages cost what one costs, but for the question who may see.
See decision 0031.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial

from django.db import close_old_connections, connections
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.accounts.models import User
from kb.api.answers import EventStreamRenderer
from kb.api.authentication import caller
from kb.api.sse import with_heartbeat
from kb.exceptions import NotFoundError
from kb.library.access import get_collection_for
from kb.library.live import Live, changes, look

BUSY_S, IDLE_S = 1.0, 3.0
_FRESH_S = 0.5
_looking = ThreadPoolExecutor(1, thread_name_prefix="live")
_looks: dict[int, tuple[float, Live]] = {}


class LiveView(APIView):
    renderer_classes = (JSONRenderer, EventStreamRenderer)

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR}, operation_id="watch_collection")
    def get(self, request: Request, collection_id: int) -> HttpResponseBase:
        """Counts by state, progress and the time left, as `state` events: one at once, then each change.

        Connect again whenever the stream ends: the first event is always the whole state. It ends by itself
        when you may not read the collection any more.
        """
        user = caller(request)
        get_collection_for(user, collection_id)
        # The stream looks through another thread: this one's connection would lie idle for hours.
        _release_connection()
        response = StreamingHttpResponse(
            with_heartbeat(frames(partial(_in_the_thread, user.pk, collection_id), asyncio.sleep)),
            content_type="text/event-stream; charset=utf-8",
        )
        response["Cache-Control"] = "no-cache, no-transform"
        response["X-Accel-Buffering"] = "no"
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """An error is JSON and says so, whatever the caller accepts."""
        if isinstance(response, Response):
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), "application/json"
        return super().finalize_response(request, response, *args, **kwargs)


async def frames(
    look_again: Callable[[], Awaitable[Live | None]], wait: Callable[[float], Awaitable[None]]
) -> AsyncGenerator[bytes]:
    async with aclosing(changes(look_again, wait, BUSY_S, IDLE_S)) as states:
        async for state in states:
            yield f"event: state\nid: {state.newest}\ndata: {json.dumps(state.as_json())}\n\n".encode()


async def _in_the_thread(user_id: int, collection_id: int) -> Live | None:
    return await asyncio.get_running_loop().run_in_executor(_looking, _look, user_id, collection_id)


def _look(user_id: int, collection_id: int) -> Live | None:
    try:
        return look_for(user_id, collection_id, time.monotonic())
    finally:
        close_old_connections()


def look_for(user_id: int, collection_id: int, clock_s: float) -> Live | None:
    """What this person may see of the collection now; None when that is nothing (any more)."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    try:
        collection = get_collection_for(user, collection_id) if user else None
    except NotFoundError:
        collection = None
    if collection is None:
        return None
    known = _looks.get(collection_id)
    if known is None or not 0 <= clock_s - known[0] < _FRESH_S:
        known = (clock_s, look(collection, timezone.now()))
        _looks[collection_id] = known
    return known[1]


def _release_connection() -> None:
    if not connections["default"].in_atomic_block:  # tests run in one
        connections["default"].close()
