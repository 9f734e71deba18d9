"""Replies of an endpoint, as far as they may reach: a foreign one can send what it wants."""

from __future__ import annotations

from typing import Any

import httpx

# A list of models, or scores of many continuations, is far below that.
LONGEST_BODY_BYTES = 4 * 1024 * 1024
_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


async def fetch(client: httpx.AsyncClient, method: str, url: str, **options: Any) -> httpx.Response:
    """One request with its whole reply.

    Raises:
        httpx.HTTPError: nobody answers.
        ValueError: what is answered is compressed.
    """
    async with client.stream(method, url, **options) as response:
        return await whole(response)


async def whole(response: httpx.Response) -> httpx.Response:
    """A response that is being streamed, with its body; what is too long is cut off, and so no JSON."""
    refuse_compressed(response)
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece[: LONGEST_BODY_BYTES - len(body)]
        if len(body) >= LONGEST_BODY_BYTES:
            break
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_BODY]
    return httpx.Response(response.status_code, headers=headers, content=bytes(body))


def refuse_compressed(response: httpx.Response) -> None:
    """Compressed data, which is never asked for, may be a thousand times what arrives.

    Raises:
        ValueError: it is compressed.
    """
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ValueError("a compressed body, which was not asked for")
