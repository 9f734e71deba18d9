"""An upper bound on request bodies, before anything is stored (case 26)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


_IN_MEMORY = 1 << 20
_BLOCK = 1 << 16


class _BodyTooLargeError(Exception):
    pass


class BodyLimit:
    """ASGI middleware: answers 413 as soon as a body is, or says that it is, larger than the limit.

    Django spools a body to disk before any view runs; without this a sender who names no length could
    fill the disk.
    """

    def __init__(self, application: Application, limit_bytes: int) -> None:
        self.application = application
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.limit_bytes:
            await self._refuse(send)
            return
        try:
            if b"content-length" not in headers and b"transfer-encoding" in headers:
                await self._with_length(scope, receive, send)
            else:
                await self.application(scope, self._counted(receive), send)
        except _BodyTooLargeError:
            await self._refuse(send)

    async def _with_length(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Django takes a body without a length for none: collect it first, on disk when it is large."""
        counted = self._counted(receive)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            more = True
            while more:
                message = await counted()
                if message["type"] != "http.request":
                    return  # the sender left
                spool.write(message.get("body", b""))
                more = message.get("more_body", False)
            length = spool.tell()
            spool.seek(0)
            headers = [*scope["headers"], (b"content-length", str(length).encode())]
            left = length

            async def replayed() -> Message:
                nonlocal left
                if left < 0:
                    return await receive()  # only the disconnect is still to come
                block = spool.read(_BLOCK)
                left -= len(block)
                more_body = left > 0
                if not more_body:
                    left = -1
                return {"type": "http.request", "body": block, "more_body": more_body}

            await self.application({**scope, "headers": headers}, replayed, send)

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit_bytes:
                raise _BodyTooLargeError
            return message

        return counted

    async def _refuse(self, send: Send) -> None:
        megabytes = self.limit_bytes >> 20
        error = {
            "code": "too_large",
            "message": f"The request is larger than {megabytes} MB.",
            "reference": "",
        }
        body = json.dumps({"error": error}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send(
            {"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]}
        )
        await send({"type": "http.response.body", "body": body})
