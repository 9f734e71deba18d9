"""A conversation as its page shows it: each message with its answer, ready for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from kb.accounts.models import User
from kb.chat.blocks import Block, group_sentences
from kb.chat.models import Conversation, Message, Outcome
from kb.chat.serialize import answer_objects, with_sources
from kb.chat.sources import PassageView, Source, passages_of, sources_of

# An answer that has not ended by then never will: its process is gone.
_STILL_RUNNING_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Entry:
    """One question and its answer. `state` is an Outcome's value, or "withheld"."""

    answer: dict[str, Any]
    state: str
    blocks: list[Block]
    sources: list[Source]
    passages: list[PassageView]

    @property
    def has_unproved(self) -> bool:
        """Whether a sentence is shown that no source proves."""
        return any(not sentence["supported"] for sentence in self.answer["sentences"])


def thread_of(conversation: Conversation, user: User) -> list[Entry]:
    """Every message in order."""
    return _entries(list(with_sources(conversation.messages.all())), user)


def entry_of(message: Message, user: User) -> Entry:
    """What this person may see of a message now."""
    [entry] = _entries(list(with_sources(Message.objects.filter(pk=message.pk))), user)
    return entry


def _entries(messages: Sequence[Message], user: User) -> list[Entry]:
    return [
        _entry(message, answer)
        for message, answer in zip(messages, answer_objects(messages, user), strict=True)
    ]


def _entry(message: Message, answer: dict[str, Any]) -> Entry:
    dates = {passage.document_id: passage.document.created_at for passage in message.passages.all()}
    return Entry(
        answer=answer,
        state=_state_of(message, answer),
        blocks=group_sentences(answer["sentences"]),
        sources=sources_of(answer, dates),
        passages=passages_of(answer),
    )


def _state_of(message: Message, answer: dict[str, Any]) -> str:
    if answer["withheld"]:
        return "withheld"
    if message.outcome != Outcome.RUNNING:
        return message.outcome
    age = timezone.now() - message.created_at
    return Outcome.RUNNING.value if age < _STILL_RUNNING_FOR else Outcome.FAILED.value
