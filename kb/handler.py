"""Django's ASGI handler with one change of threads per request instead of one for each of its steps.

Django's own goes to a thread for its signals, back to the event loop, to a thread for the middleware, back
for the view, and so on. Our views are synchronous, so the whole way from the first signal to the response
runs in the request's thread; the event loop only reads the body and sends the response. See decision 0013.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import IO, Any, cast

from asgiref.sync import sync_to_async
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class OneThreadHandler(ASGIHandler):
    """Streams of asynchronous views run in the event loop, everything else in the request's thread."""

    def __init__(self) -> None:
        self.load_middleware()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is still running is cancelled when the client leaves."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        answering = asyncio.create_task(self._answer(scope, body, send))
        leaving = asyncio.ensure_future(receive())
        leaving.add_done_callback(lambda _: answering.cancel())
        try:
            await answering
        except asyncio.CancelledError:
            if not leaving.done():
                raise
        finally:
            leaving.cancel()
            body.close()

    async def _answer(self, scope: Scope, body: IO[bytes], send: Send) -> None:
        made: list[HttpResponseBase] = []
        left = False
        try:
            await sync_to_async(lambda: made.append(self._respond(scope, body)))()
        except asyncio.CancelledError:
            left = True
            # A thread cannot be interrupted. It must not be lent to others, nor the body closed, before it is
            # through, and what it made must be closed.
            await sync_to_async(_nothing)()
        for response in made:
            if isinstance(response, StreamingHttpResponse):
                await self._stream(response, send, left=left)
            elif not left:
                await self.send_response(response, send)

    async def _stream(self, response: StreamingHttpResponse, send: Send, *, left: bool) -> None:
        """A client that left before the first block is to the stream as one that leaves behind it."""
        task = asyncio.current_task()
        if left and task is not None:
            task.cancel()
        try:
            await self.send_response(response, send)
        finally:
            await sync_to_async(response.close)()

    def _respond(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        """The response, which is closed already unless it streams."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        try:
            response = (
                self.get_response(request) if request is not None else cast("HttpResponseBase", refusal)
            )
        except asyncio.CancelledError:  # of a view that waited for something asynchronous
            signals.request_finished.send(sender=self.__class__)
            raise
        response._handler_class = self.__class__  # type: ignore[attr-defined]
        if not isinstance(response, StreamingHttpResponse):
            response.close()
        elif not response.is_async:
            _stream_by_blocks(response, self.chunk_size)
        return response


def _nothing() -> None:
    pass


def _stream_by_blocks(response: StreamingHttpResponse, block_bytes: int) -> None:
    """Django would read a whole file into memory to stream it."""
    if isinstance(response, FileResponse):
        response.block_size = block_bytes
    response.streaming_content = _one_by_one(cast("Iterable[bytes]", response.streaming_content))


async def _one_by_one(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    blocks = iter(parts)
    following = sync_to_async(lambda: next(blocks, None))
    while (part := await following()) is not None:
        yield part
