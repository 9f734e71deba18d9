"""python -m tests.performance.costless_model TOKENS EVERY_MS: an OpenAI-compatible endpoint without a model.

Prints its address, and answers every question with the same words at that pace until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from kb.quality.deployment import free_port

_MODEL = "costless"


def app(tokens: int, every_s: float) -> Starlette:
    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": _MODEL}]})

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def chat(request: Request) -> Response:
        await request.body()
        return StreamingResponse(_words(tokens, every_s), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/health", health),
            Route("/v1/chat/completions", chat, methods=["POST"]),
        ]
    )


async def _words(tokens: int, every_s: float) -> AsyncIterator[bytes]:
    """The last word is due (tokens - 1) * every_s after the first, however late those between were."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    for at in range(tokens):
        await asyncio.sleep(max(0.0, started_s + at * every_s - loop.time()))
        yield _chunk({"content": f"word{at} "}, "stop" if at == tokens - 1 else None)
    yield b"data: [DONE]\n\n"


def _chunk(delta: dict[str, str], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"model": _MODEL, "choices": [choice]}).encode() + b"\n\n"


def main(tokens: int, every_ms: float) -> None:
    port = free_port()
    print(f"http://127.0.0.1:{port}", flush=True)  # noqa: T201
    uvicorn.run(app(tokens, every_ms / 1000), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
