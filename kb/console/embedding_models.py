"""The part of the admins' page where the embedding model is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from kb.conf import config
from kb.exceptions import ConflictError, InvalidInputError, NotFoundError
from kb.library import embedding_models
from kb.pages import PageRequest, admin_page
from kb.search.generations import mismatch, named_model, serving
from kb.search.models import GenerationState, IndexGeneration
from kb.search.replicas import searched_generations

_MOVING = (GenerationState.QUEUED, GenerationState.BUILDING, GenerationState.DROPPING)


@require_safe
@admin_page
def generations(request: PageRequest) -> HttpResponse:
    """The list alone, with which the page refreshes itself."""
    return render(request, "console/generations.html", generations_context())


@require_POST
@admin_page
def build(request: PageRequest) -> HttpResponse:
    """Have the vectors of another model made."""
    model = request.POST.get("model", "")
    return _changed(request, lambda: _began(embedding_models.build_generation(model)))


@require_POST
@admin_page
def change(request: PageRequest, generation_id: int, action: str) -> HttpResponse:
    """Resume, cancel, switch to or drop a generation."""
    if action not in _ACTIONS:
        raise NotFoundError
    return _changed(request, lambda: _ACTIONS[action](generation_id))


def generations_context() -> dict[str, Any]:
    rows = list(IndexGeneration.objects.order_by("pk"))
    now = serving()
    return {
        "generations": rows,
        "moving": any(row.state in _MOVING or row.switch_wanted for row in rows),
        "configured": config.embedding_model,
        "mismatch": mismatch(named_model(config.embedding_model), now) if now else "",
    }


def _changed(request: PageRequest, call: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, call())
    except (ConflictError, InvalidInputError) as error:
        messages.error(request, error.message)
    return redirect("console")


def _began(generation: IndexGeneration) -> str:
    if generation.state == GenerationState.READY:
        return f"{generation} is ready already."
    return f"The worker begins with {generation} in some seconds."


def _cancel(generation_id: int) -> str:
    embedding_models.cancel_build(generation_id)
    return "Cancelled. What was embedded is kept."


def _switch(generation_id: int) -> str:
    if embedding_models.switch_to(generation_id):
        return "It serves now. The search server changes over when it has loaded the index."
    return "Some chunks are still to be embedded. It serves as soon as that is done."


def _drop(generation_id: int) -> str:
    embedding_models.drop_generation(generation_id, searched_generations())
    return "The worker removes its vectors."


_ACTIONS: dict[str, Callable[[int], str]] = {
    "resume": lambda generation_id: _began(embedding_models.resume_build(generation_id)),
    "cancel": _cancel,
    "switch": _switch,
    "drop": _drop,
}
