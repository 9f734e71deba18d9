"""The list of a person's conversations, grouped by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from kb.chat.models import Conversation

LIST_LIMIT = 50


@dataclass
class DayGroup:
    """Conversations that were last used in one stretch of time."""

    name: str
    conversations: list[Conversation] = field(default_factory=list)


def day_groups(conversations: Iterable[Conversation], today: date) -> list[DayGroup]:
    """Group conversations, given newest first, by how long ago they were used."""
    groups: list[DayGroup] = []
    for conversation in conversations:
        name = _name_of(timezone.localdate(conversation.updated_at), today)
        if not groups or groups[-1].name != name:
            groups.append(DayGroup(name))
        groups[-1].conversations.append(conversation)
    return groups


def _name_of(day: date, today: date) -> str:
    age = today - day
    if age <= timedelta(days=0):
        return "Today"
    if age == timedelta(days=1):
        return "Yesterday"
    if age <= timedelta(days=7):
        return "Previous 7 days"
    if age <= timedelta(days=30):
        return "Previous 30 days"
    return f"{day:%B}" if day.year == today.year else f"{day:%B %Y}"
