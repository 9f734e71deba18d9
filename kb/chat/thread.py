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
from kb.chat.sources import ConflictView, PassageView, Source, conflicts_of, passages_of, sources_of
from kb.library.access import collections_for
from kb.library.filters import filter_words
from kb.library.models import Role

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
    conflicts: list[ConflictView]
    # Where its reader may make it a verified answer: the collection of its first source, if they manage it.
    verifiable_in: int | None = None

    @property
    def narrowed_to(self) -> str:
        """What narrowed the search, in words."""
        return filter_words(self.answer["filters"])

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
    managed = set(collections_for(user, Role.MANAGER).values_list("pk", flat=True))
    return [
        _entry(message, answer, managed)
        for message, answer in zip(messages, answer_objects(messages, user), strict=True)
    ]


def _entry(message: Message, answer: dict[str, Any], managed: set[int]) -> Entry:
    cited = [citation["document"]["collection"] for citation in answer["citations"] if not answer["rule"]]
    return Entry(
        answer=answer,
        state=_state_of(message, answer),
        blocks=group_sentences(answer["sentences"]),
        sources=sources_of(answer),
        passages=passages_of(answer),
        conflicts=conflicts_of(answer),
        verifiable_in=cited[0] if cited and cited[0] in managed else None,
    )


def _state_of(message: Message, answer: dict[str, Any]) -> str:
    if answer["withheld"]:
        return "withheld"
    if message.outcome != Outcome.RUNNING:
        return message.outcome
    age = timezone.now() - message.created_at
    return Outcome.RUNNING.value if age < _STILL_RUNNING_FOR else Outcome.FAILED.value
