"""Rows of conversations for tests of pages."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from kb.accounts.models import User
from kb.chat.models import Citation, Conversation, Message, MessagePassage, Outcome
from kb.library.models import Document

QUOTE = "Travel is booked in Concur."


def make_conversation(user: User, title: str = "Booking travel") -> Conversation:
    return Conversation.objects.create(user=user, title=title)


def make_message(conversation: Conversation, **fields: Any) -> Message:
    """A message without documents."""
    defaults = {
        "question": "Where is travel booked?",
        "outcome": Outcome.ANSWERED,
        "completed_at": timezone.now(),
    }
    return Message.objects.create(conversation=conversation, **{**defaults, **fields})


def make_answer(conversation: Conversation, document: Document, **fields: Any) -> Message:
    """An answer of one proved and one unproved sentence, that cites the document's only chunk."""
    proved = {
        "text": "Book travel in Concur.", "block": "p", "starts_block": True,
        "supported": True, "quoted": False, "citations": [1],
    }  # fmt: skip
    unproved = {**proved, "text": "It is fun.", "starts_block": False, "supported": False, "citations": []}
    message = make_message(conversation, **{"sentences": [proved, unproved], "text": "…", **fields})
    chunk = document.chunks.get()
    passage = MessagePassage.objects.create(
        message=message, n=1, document=document, chunk_id=chunk.pk,
        start=chunk.start, end=chunk.end, text=chunk.text, heading_path=["Handbook", "Travel"],
    )  # fmt: skip
    Citation.objects.create(
        message=message, n=1, passage=passage, start=0, end=len(chunk.text), quote=chunk.text
    )
    return message
