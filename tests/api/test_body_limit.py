"""Bodies with and without a length."""

from __future__ import annotations

from typing import Any

import pytest

from kb.body_limit import BodyLimit, Message, Receive, Scope, Send

LIMIT = 1000


async def call(
    headers: list[tuple[bytes, bytes]], blocks: list[bytes]
) -> tuple[int, bytes, dict[bytes, bytes]]:
    """Status, the body that the application saw, and the headers that it saw."""
    seen: dict[str, Any] = {"body": b"", "headers": {}}
    sent: list[Message] = []
    waiting = [
        {"type": "http.request", "body": block, "more_body": at < len(blocks) - 1}
        for at, block in enumerate(blocks)
    ]

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen["headers"] = dict(scope["headers"])
        while True:
            message = await receive()
            seen["body"] += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await BodyLimit(application, LIMIT)({"type": "http", "headers": headers}, receive, send)
    return sent[0]["status"], seen["body"], seen["headers"]


@pytest.mark.parametrize("headers", [[(b"content-length", b"600")], [(b"transfer-encoding", b"chunked")]])
async def test_body_within_the_limit_arrives_whole(headers: list[tuple[bytes, bytes]]) -> None:
    status, body, seen = await call(headers, [b"x" * 300, b"y" * 300])
    assert (status, body) == (200, b"x" * 300 + b"y" * 300)
    assert seen[b"content-length"] == b"600"


@pytest.mark.parametrize(
    "headers",
    [[(b"content-length", b"1001")], [(b"transfer-encoding", b"chunked")], [(b"content-length", b"x")]],
)
async def test_larger_body_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """Case 26."""
    status, body, _ = await call(headers, [b"x" * 600, b"y" * 600])
    assert status == 413
    assert len(body) <= LIMIT


async def test_empty_chunked_body_is_empty() -> None:
    status, body, _ = await call([(b"transfer-encoding", b"chunked")], [b""])
    assert (status, body) == (200, b"")
