"""What a streaming answer is made of, and how it looks as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from django.core.serializers.json import DjangoJSONEncoder

EventName = Literal["queued", "retrieval", "delta", "sentence", "abstained", "done", "error"]


@dataclass(frozen=True)
class Event:
    """One step of an answer; `data` is JSON."""

    name: EventName
    data: dict[str, Any]


async def as_sse(events: AsyncGenerator[Event]) -> AsyncGenerator[bytes]:
    """Frames of text/event-stream with ascending ids."""
    number = 0
    async with aclosing(events):
        async for event in events:
            number += 1
            body = json.dumps(event.data, cls=DjangoJSONEncoder, ensure_ascii=False)
            yield f"id: {number}\nevent: {event.name}\ndata: {body}\n\n".encode()
