"""Pages on which the managers of a collection keep its verified answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kb.chat.access import get_message_for
from kb.chat.past import past_questions, typed_questions
from kb.chat.serialize import answer_object
from kb.console.open_questions import note_answer, question_of
from kb.console.rule_forms import VerifiedForm, verified_initial
from kb.exceptions import ConflictError, InvalidInputError, KBError, NotFoundError, SearchUnavailableError
from kb.library.access import documents_for, get_collection_for
from kb.library.models import Chunk, Collection, Role
from kb.library.retrieval import search_chunks
from kb.pages import PageRequest, page
from kb.rules import approving
from kb.rules.access import get_near_miss_for, get_verified_for
from kb.rules.active import active_answer
from kb.rules.encoding import encoder_or_none
from kb.rules.models import VerifiedAnswer
from kb.rules.proof import unproved_sentences
from kb.rules.sources import CHANGED, GONE, NEWER, is_stopped, trouble_of
from kb.rules.trial import try_answer

_FOUND = 6
_SHOWN_TRIED = 40
_TROUBLES = {
    GONE: "A source was deleted: it no longer answers.",
    CHANGED: "A source has a newer version without these words: it no longer answers.",
    NEWER: "A source has a newer version; the words still stand in it.",
}


@dataclass(frozen=True)
class Shown:
    """A verified answer in the list, with what its managers should look at."""

    row: VerifiedAnswer
    troubles: list[str]
    overdue: bool
    over: bool
    stopped: bool


@require_safe
@page
def verified_list(request: PageRequest, collection_id: int) -> HttpResponse:
    """The verified answers of a collection."""
    collection = get_collection_for(request.user, collection_id, Role.MANAGER)
    rows = collection.verified_answers.prefetch_related("variants", "near_misses")
    context = {"here": "library", "collection": collection, "shown": [_shown(row) for row in rows]}
    return render(request, "rules/verified_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_verified(request: PageRequest, collection_id: int) -> HttpResponse:
    """Write a verified answer, from nothing or from an answer that the manager got."""
    collection = get_collection_for(request.user, collection_id, Role.MANAGER)
    return _edit(request, collection, None)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def verified(request: PageRequest, verified_id: int) -> HttpResponse:
    """One verified answer: change it, try it, switch it."""
    found = get_verified_for(request.user, verified_id)
    return _edit(request, found.collection, found)


@require_safe
@page
def passages(request: PageRequest, collection_id: int) -> HttpResponse:
    """Passages for a few words, to choose sources from; a part of the page."""
    get_collection_for(request.user, collection_id, Role.MANAGER)
    words = request.GET.get("words", "").strip()[:500]
    context: dict[str, Any] = {"words": words, "found": [], "down": False}
    if words:
        try:
            context["found"] = search_chunks(request.user, words, [collection_id], _FOUND).chunks
        except SearchUnavailableError:
            context["down"] = True
    return render(request, "rules/passages.html", context)


@require_POST
@page
def try_verified(request: PageRequest, verified_id: int) -> HttpResponse:
    """Which questions it would answer; from then on it may be switched on."""
    found = get_verified_for(request.user, verified_id)
    typed = request.POST.get("questions", "")
    pasts = [*typed_questions(typed), *past_questions(request.user)]
    tried = try_answer(active_answer(found), pasts, encoder_or_none())
    approving.note_answer_tried(request.user, found)
    shown = [item for item in tried if item.past.own]
    context = {
        "looked_at": len(pasts),
        "matched": sum(item.match.holds for item in tried),
        "hidden": sum(item.match.holds and not item.past.own for item in tried),
        "shown": shown[:_SHOWN_TRIED],
    }
    form = VerifiedForm(initial=verified_initial(found))
    return _page(request, found.collection, found, form, _sources(found), tried=context, typed=typed)


@require_POST
@page
def change_verified(request: PageRequest, verified_id: int, action: str) -> HttpResponse:
    """Switch or delete it."""
    found = get_verified_for(request.user, verified_id)
    collection_id = found.collection_id
    try:
        if action == "delete":
            approving.delete_answer(request.user, found)
            messages.success(request, "It was deleted. Answers that it gave stay as they are.")
        elif action in ("on", "off"):
            approving.switch_answer(request.user, found, on=action == "on")
            on = "It answers from the next question on."
            messages.success(request, on if action == "on" else "It no longer answers.")
        else:
            raise NotFoundError
    except ConflictError as error:
        messages.error(request, error.message)
        return redirect("verified", verified_id)
    return redirect("verified_list", collection_id)


@require_POST
@page
def judge(request: PageRequest, near_miss_id: int) -> HttpResponse:
    """Accept or drop what a reader marked."""
    miss = get_near_miss_for(request.user, near_miss_id)
    try:
        approving.judge_near_miss(
            request.user, miss, encoder_or_none(), accepted=request.POST.get("accepted") == "1"
        )
    except ConflictError as error:
        messages.error(request, error.message)
    return redirect("verified", miss.answer_id)


def _edit(request: PageRequest, collection: Collection, found: VerifiedAnswer | None) -> HttpResponse:
    initial, chunk_ids = _beginning(request, collection, found)
    form = VerifiedForm(request.POST or None, initial=initial)
    if request.method == "POST":
        given = [
            int(value) for value in request.POST.getlist("chunk") if value.isdecimal() and len(value) < 19
        ]
        chunk_ids = given
        if form.is_valid():
            try:
                saved = _saved(request, collection, found, form, given)
            except (InvalidInputError, NotFoundError) as error:
                form.add_error(None, error.message)
            else:
                note_answer(request, saved)
                return redirect("verified", saved.pk)
    return _page(request, collection, found, form, chunk_ids)


def _saved(
    request: PageRequest,
    collection: Collection,
    found: VerifiedAnswer | None,
    form: VerifiedForm,
    chunks: list[int],
) -> VerifiedAnswer:
    if found is None:
        return approving.create_answer(request.user, collection, form.given(chunks), encoder_or_none())
    approving.change_answer(request.user, found, form.given(chunks), encoder_or_none())
    return found


def _beginning(
    request: PageRequest, collection: Collection, found: VerifiedAnswer | None
) -> tuple[dict[str, Any], list[int]]:
    """What the form begins with.

    The answer as it is, one that the manager was given (`?message=`), or a waiting question (`?question=`).
    """
    if found is not None:
        return verified_initial(found), _sources(found)
    asked = question_of(request, collection.pk)
    if asked is not None:
        return {"variants": " ".join(asked.question.split())}, []
    try:
        message = get_message_for(request.user, request.GET["message"])  # type: ignore[arg-type]
        given = answer_object(message, request.user)
    except (KeyError, ValueError, KBError):
        return {}, []
    text = "\n\n".join(item["text"] for item in given["sentences"] if not item.get("notice"))
    chunks = list(dict.fromkeys(item["chunk_id"] for item in given["citations"]))
    return {"variants": given["standalone_question"], "text": text}, chunks


def _sources(found: VerifiedAnswer) -> list[int]:
    return list(found.sources.values_list("chunk_id", flat=True))


def _page(
    request: PageRequest,
    collection: Collection,
    found: VerifiedAnswer | None,
    form: VerifiedForm,
    chunk_ids: Sequence[int],
    **more: Any,
) -> HttpResponse:
    readable = Chunk.objects.filter(pk__in=chunk_ids, document__in=documents_for(request.user))
    context = {
        "here": "library",
        "collection": collection,
        "answer": found,
        "form": form,
        "asked": question_of(request, collection.pk),
        "sources": readable.select_related("document"),
        "shown": _shown(found) if found else None,
        "unproved": unproved_sentences(found) if found else [],
        **more,
    }
    return render(request, "rules/verified.html", context)


def _shown(row: VerifiedAnswer) -> Shown:
    today = timezone.localdate()
    troubles = [_TROUBLES[trouble] for _, trouble in trouble_of(row)]
    return Shown(
        row,
        list(dict.fromkeys(troubles)),
        overdue=row.review_by is not None and row.review_by <= today,
        over=row.valid_until is not None and row.valid_until < today,
        stopped=is_stopped(row),
    )
