"""Pages on which the managers of a collection look after questions that nothing answered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from kb.chat.access import get_open_question_for, open_questions_for
from kb.chat.models import OpenQuestion
from kb.chat.open_questions import (
    ANSWERED,
    CLOSED,
    NOTE_CHARS,
    OPEN,
    answer_question,
    close_question,
    in_state,
    waiting_counts,
)
from kb.exceptions import ConflictError, KBError
from kb.library.access import AnyUser, collections_for, get_collection_for
from kb.library.models import Role
from kb.pages import PageRequest, page
from kb.rules.models import VerifiedAnswer

_SHOWN_SETTLED = 30
_SHOWN_OPEN = 200


@require_safe
@page
def open_questions(request: PageRequest, collection_id: int) -> HttpResponse:
    """The questions that were sent to a collection: those that wait, and the latest that do not."""
    collection = get_collection_for(request.user, collection_id, Role.MANAGER)
    rows = open_questions_for(request.user).filter(collection=collection)
    context = {
        "here": "library",
        "collection": collection,
        "waiting": in_state(rows, OPEN).order_by("pk")[:_SHOWN_OPEN],
        "settled": (in_state(rows, ANSWERED) | in_state(rows, CLOSED))[:_SHOWN_SETTLED],
        "note_chars": NOTE_CHARS,
    }
    return render(request, "rules/open_questions.html", context)


@require_POST
@page
def close(request: PageRequest, question_id: int) -> HttpResponse:
    """Close one with the reply that was written."""
    question = get_open_question_for(request.user, question_id)
    try:
        # PostgreSQL refuses NUL.
        reply = request.POST.get("reply", "").replace("\0", "")[:NOTE_CHARS]
        close_question(request.user, question, reply)
        messages.success(request, "The question is closed. Whoever asked it sees your reply.")
    except ConflictError as error:
        messages.error(request, error.message)
    return redirect("open_questions", question.collection_id)


def open_questions_context(user: AnyUser) -> dict[str, Any]:
    """Collections in which questions wait, for the console."""
    collections = list(collections_for(user, Role.MANAGER))
    counts = waiting_counts(collections)
    return {"waiting": [(row, counts[row.pk]) for row in collections if row.pk in counts]}


def question_of(request: PageRequest, collection_id: int) -> OpenQuestion | None:
    """The question that a verified answer is written from; None for a number that means none."""
    number = request.POST.get("question") or request.GET.get("question", "")
    try:
        question = get_open_question_for(request.user, int(number[:18]))
    except (ValueError, KBError):
        return None
    return question if question.collection_id == collection_id else None


def note_answer(request: PageRequest, verified: VerifiedAnswer) -> None:
    """Tie the question, if there is one, to the verified answer that was written from it."""
    question = question_of(request, verified.collection_id)
    if question is not None:
        answer_question(question, verified)
