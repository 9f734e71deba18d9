"""The list of a person's conversations, which stands beside every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from kb.chat.access import conversations_for
from kb.chat.conversations import LIST_LIMIT, day_groups

register = template.Library()


@register.inclusion_tag("chat/conversation_list.html", takes_context=True)
def conversation_list(context: template.Context) -> dict[str, Any]:
    """Reads `open_id` (of the conversation on the page) and `limit` from the page's context."""
    limit: int = context.get("limit") or LIST_LIMIT
    # One more than shown tells whether there are older ones.
    found = list(conversations_for(context["request"].user).filter(listed=True)[: limit + 1])
    return {
        "groups": day_groups(found[:limit], timezone.localdate()),
        "open_id": context.get("open_id", ""),
        "older_limit": limit + LIST_LIMIT if len(found) > limit else None,
    }
