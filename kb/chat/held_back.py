"""Passages that were found for a question and held back from the model: how many, and where to review them.

Nothing of them is told, not even a title: it may be what they were held back for.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from kb.chat.models import Message
from kb.conf import config
from kb.library.access import AnyUser, collections_for, documents_for
from kb.library.models import Chunk, Role

NOTHING: dict[str, Any] = {"count": 0, "reviews": []}


def held_objects(messages: Sequence[Message], user: AnyUser) -> dict[uuid.UUID, dict[str, Any]]:
    """By message: the number, of documents that may still be opened; for managers, where each is reviewed."""
    named = {item["document_id"] for message in messages for item in message.held_back}
    if not named:
        return {}
    readable = dict(documents_for(user).filter(pk__in=named).values_list("pk", "collection_id"))
    managed = set(collections_for(user, Role.MANAGER).values_list("pk", flat=True))
    return {message.pk: _object(message, readable, managed) for message in messages}


def quotes_held(messages: Sequence[Message]) -> dict[uuid.UUID, int]:
    """By message: how many of its citations are from passages that are held back now.

    A manager may have allowed them when the answer was made, and taken that back since.
    """
    cited = {c.passage.chunk_id for message in messages for c in message.citations.all()}
    if not cited or not config.withhold_flagged:
        return {}
    held = set(Chunk.objects.filter(pk__in=cited, withheld=True).values_list("pk", flat=True))
    return {
        message.pk: sum(citation.passage.chunk_id in held for citation in message.citations.all())
        for message in messages
    }


def _object(message: Message, readable: dict[int, int], managed: set[int]) -> dict[str, Any]:
    items = [item for item in message.held_back if item["document_id"] in readable]
    mine = [item for item in items if readable[item["document_id"]] in managed]
    return {"count": len(items), "reviews": [_review(**item) for item in mine]}


def _review(document_id: int, chunk_id: int) -> dict[str, Any]:
    query = urlencode({"chunk": chunk_id})
    url = f"{reverse('document', args=[document_id])}?{query}#held"
    return {"document_id": document_id, "chunk_id": chunk_id, "url": url}
