"""The page on which questions are asked, and the list of a person's conversations."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kb.chat.access import get_conversation_for, get_message_for
from kb.chat.choices import collection_choices, examples_for, label_choices
from kb.chat.conversations import LIST_LIMIT
from kb.chat.models import Conversation
from kb.chat.thread import entry_of, thread_of
from kb.conf import config
from kb.exceptions import NotFoundError
from kb.pages import PageRequest, page, whole_number

_MOST_LISTED = 2000


@require_safe
@page
def ask(request: PageRequest) -> HttpResponse:
    """A new conversation: what can be asked, and of which collections."""
    return render(request, "chat/ask.html", {"here": "ask", **_composer(request, None)})


@require_safe
@page
def conversation(request: PageRequest, conversation_id: UUID) -> HttpResponse:
    """One of the person's own conversations."""
    found = get_conversation_for(request.user, conversation_id)
    context = {
        "open_id": str(found.pk),
        "conversation": found,
        "entries": thread_of(found, request.user),
        **_composer(request, found),
    }
    return render(request, "chat/ask.html", context)


@require_safe
@page
def message(request: PageRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """One question with its answer, as a part of the page: what a finished stream is replaced with."""
    found = get_message_for(request.user, message_id)
    if found.conversation_id != conversation_id:
        raise NotFoundError
    return render(request, "chat/message.html", {"entry": entry_of(found, request.user)})


@require_safe
@page
def conversation_list(request: PageRequest) -> HttpResponse:
    """The list beside the page, again, after something in it changed."""
    limit = whole_number(request.GET.get("limit", ""), LIST_LIMIT, _MOST_LISTED)
    context = {"open_id": request.GET.get("open", ""), "limit": limit}
    return render(request, "chat/conversation_list_part.html", context)


def _composer(request: PageRequest, opened: Conversation | None) -> dict[str, Any]:
    choices = collection_choices(request.user, opened.collection_ids if opened else [])
    filters = opened.filters if opened else {}
    return {
        "choices": choices,
        "labels": label_choices(request.user, filters.get("labels", ())),
        "filters": filters,
        "told": json.dumps(filters),
        "examples": examples_for(request.user) if opened is None else [],
        "documents": sum(choice.documents for choice in choices),
        "question_chars": config.question_chars,
    }
