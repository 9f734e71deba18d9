"""Keeping an event stream alive through proxies that cut silent connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

HEARTBEAT_S = 15.0
_COMMENT = b": heartbeat\n\n"


async def with_heartbeat(
    frames: AsyncGenerator[bytes], every_s: float = HEARTBEAT_S
) -> AsyncGenerator[bytes]:
    """The frames, with a comment whenever nothing came for `every_s` seconds.

    When the consumer stops, the frame under way is cancelled, so that its generator can clean up.
    """
    iterator = aiter(frames)
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(iterator))
            done, _ = await asyncio.wait({pending}, timeout=every_s)
            if not done:
                yield _COMMENT
                continue
            frame, pending = pending, None
            try:
                yield frame.result()
            except StopAsyncIteration:
                return
    finally:
        if pending is not None:
            pending.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
        with suppress(RuntimeError):
            await frames.aclose()
