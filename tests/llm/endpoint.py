"""A foreign endpoint that sends, byte for byte, what the test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

MODELS = b'{"object":"list","data":[{"id":"foreign-model"},{"id":"another"}]}'
CHAT, LIST, HEALTH = "/v1/chat/completions", "/v1/models", "/health"


@dataclass
class Reply:
    """An answer without a length: it ends when the connection does.

    Attributes:
        pauses_s: before each part.
        hangs: says nothing more after the last part, and keeps the connection.
    """

    status: int = 200
    parts: Sequence[bytes] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    pauses_s: float = 0.0
    hangs: bool = False


@dataclass
class Endpoint:
    """Attributes:
    replies: by path; a path without one is 404.
    asked: path and body of each request.
    left: set when a client closed the connection of a hanging reply.
    """

    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[bytes] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.headers.append(head)
            path = head.split(b" ")[1].decode()
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            body = await reader.readexactly(int(fields.get(b"content-length", 0)))
            self.asked.append((path, json.loads(body) if body else None))
            await self._answer(self.replies.get(path, Reply(404)), writer)
            if self.replies.get(path, Reply()).hangs:
                await reader.read()
                self.left.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        head = [f"HTTP/1.1 {reply.status} X", "Connection: close"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode())
        for part in reply.parts:
            await asyncio.sleep(reply.pauses_s)
            writer.write(part)
            await writer.drain()


@asynccontextmanager
async def endpoint(**replies: Reply) -> AsyncIterator[Endpoint]:
    """Args:
    **replies: `chat`, `score`, `models` and `health`; models are listed where nothing else is said.
    """
    paths = {"chat": CHAT, "score": "/v1/score", "models": LIST, "health": HEALTH}
    made = Endpoint(replies={LIST: Reply(parts=[MODELS])})
    made.replies |= {paths[name]: reply for name, reply in replies.items()}
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


def chunk(text: str = "", finish_reason: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"model": "foreign-1", "choices": [choice], **fields}).encode() + b"\n\n"
