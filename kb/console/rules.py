"""The admins' pages of rules: their order, each rule with its trial, labels, and what rules did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kb.accounts.models import User
from kb.chat.past import past_questions, typed_questions
from kb.console.rule_forms import RuleForm, initial_of
from kb.exceptions import ConflictError, InvalidInputError, NotFoundError
from kb.library.models import Collection
from kb.pages import PageRequest, admin_page, whole_number
from kb.rules import services
from kb.rules.access import get_label_for, get_rule_for
from kb.rules.active import compile_rule
from kb.rules.log import firings
from kb.rules.models import Firing, Kind, Label, Rule, RuleChange
from kb.rules.trial import try_rule

_SHOWN_TRIED = 50
_SHOWN_CHANGES = 30
_PER_PAGE = 50
_TEACH = {
    Kind.BLOCK: "Questions and answers about something that is not answered here.",
    Kind.LABEL: "Who gets passages of documents that bear a label.",
    Kind.REDACTION: "Personal data and own patterns that neither the model nor the reader sees.",
    Kind.NOTICE: "Words that an answer must bear, such as “This is no legal advice.”",
}


@require_safe
@admin_page
def rules(request: PageRequest) -> HttpResponse:
    """All rules in their order."""
    rows = list(Rule.objects.select_related("label"))
    groups = [
        {"kind": kind, "teach": _TEACH[kind], "rules": [_shown(row) for row in rows if row.kind == kind]}
        for kind in Kind
    ]
    context = {
        "here": "console",
        "groups": groups,
        "labels": Label.objects.prefetch_related("collections", "documents__collection", "rules"),
        "collections": Collection.objects.filter(deleted_at=None),
        "changes": RuleChange.objects.all()[:_SHOWN_CHANGES],
    }
    return render(request, "rules/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_page
def new_rule(request: PageRequest, kind: str) -> HttpResponse:
    """Write a rule."""
    if kind not in Kind.values:
        raise NotFoundError
    return _edit(request, Kind(kind), None)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_page
def rule(request: PageRequest, rule_id: int) -> HttpResponse:
    """One rule: change it, try it, switch it."""
    found = get_rule_for(request.user, rule_id)
    return _edit(request, Kind(found.kind), found)


@require_POST
@admin_page
def try_on_past(request: PageRequest, rule_id: int) -> HttpResponse:
    """What the rule would have done; from then on it may be switched on."""
    found = get_rule_for(request.user, rule_id)
    typed = request.POST.get("questions", "")
    pasts = [*typed_questions(typed), *past_questions(request.user)]
    fired = try_rule(compile_rule(found), pasts)
    services.note_tried(request.user, found)
    tried = {
        "looked_at": len(pasts),
        "fired": len(fired),
        "shown": [item for item in fired if item.past.own][:_SHOWN_TRIED],
        "hidden": sum(not item.past.own for item in fired),
    }
    form = RuleForm(Kind(found.kind), initial=initial_of(found))
    return _page(request, Kind(found.kind), found, form, tried=tried, typed=typed)


@require_POST
@admin_page
def change_rule(request: PageRequest, rule_id: int, action: str) -> HttpResponse:
    """Switch, move or delete a rule."""
    found = get_rule_for(request.user, rule_id)
    if action not in _ACTIONS:
        raise NotFoundError
    try:
        messages.success(request, _ACTIONS[action](request.user, found))
    except ConflictError as error:
        messages.error(request, error.message)
        return redirect("rule", rule_id)
    return redirect("rules")


@require_POST
@admin_page
def new_label(request: PageRequest) -> HttpResponse:
    """Make a label."""
    return _label_changed(request, lambda: services.create_label(request.user, request.POST.get("name", "")))


@require_POST
@admin_page
def change_label(request: PageRequest, label_id: int) -> HttpResponse:
    """Put a label on a collection or a document, take it off, or delete it."""
    label = get_label_for(request.user, label_id)
    if request.POST.get("action") == "delete":
        return _label_changed(request, lambda: services.delete_label(request.user, label))
    chosen = whole_number(request.POST.get("collection", ""), 0)
    collection = Collection.objects.filter(pk=chosen, deleted_at=None).first()
    if collection is None:
        raise NotFoundError
    name = request.POST.get("external_id", "").strip()[:500]
    borne = request.POST.get("action") == "add"
    if name:
        return _label_changed(
            request, lambda: services.label_document(request.user, label, collection, name, borne=borne)
        )
    return _label_changed(
        request, lambda: services.label_collection(request.user, label, collection, borne=borne)
    )


@require_safe
@admin_page
def firing_log(request: PageRequest) -> HttpResponse:
    """What rules did, filtered by rule and person."""
    chosen, person = request.GET.get("rule", ""), request.GET.get("username", "")
    pages = Paginator(firings(chosen, person), _PER_PAGE)
    context = {
        "here": "console",
        "page": pages.get_page(request.GET.get("page")),
        "rules": Rule.objects.all(),
        "chosen": chosen,
        "person": person,
    }
    return render(request, "rules/firings.html", context)


def _edit(request: PageRequest, kind: Kind, found: Rule | None) -> HttpResponse:
    everywhere = dict.fromkeys(("in_question", "in_sources", "in_answer"), True)
    initial = everywhere if kind == Kind.REDACTION else {"in_question": True}
    if found is not None:
        initial = initial_of(found)
    form = RuleForm(kind, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = _saved(request.user, kind, found, form)
        except InvalidInputError as error:
            form.add_error(None, error.message)
        else:
            return redirect("rule", saved.pk)
    return _page(request, kind, found, form)


def _saved(user: User, kind: Kind, found: Rule | None, form: RuleForm) -> Rule:
    if found is None:
        return services.create_rule(user, kind, form.given())
    services.change_rule(user, found, form.given())
    return found


def _page(request: PageRequest, kind: Kind, found: Rule | None, form: RuleForm, **more: Any) -> HttpResponse:
    context = {"here": "console", "kind": kind, "rule": found, "form": form, "teach": _TEACH[kind], **more}
    if found is not None:
        context["broken"] = compile_rule(found).broken
    return render(request, "rules/rule.html", context)


def _shown(row: Rule) -> dict[str, Any]:
    return {
        "row": row,
        "broken": compile_rule(row).broken,
        "fired": Firing.objects.filter(rule=row).count(),
        "last": Firing.objects.filter(rule=row).values_list("created_at", flat=True).first(),
    }


def _label_changed(request: PageRequest, call: Callable[[], object]) -> HttpResponse:
    try:
        call()
    except (ConflictError, InvalidInputError) as error:
        messages.error(request, error.message)
    return redirect("rules")


def _switched(user: User, row: Rule, *, on: bool) -> str:
    (services.switch_on if on else services.switch_off)(user, row)
    return f"“{row}” holds from the next question on." if on else f"“{row}” no longer holds."


def _moved(user: User, row: Rule, *, up: bool) -> str:
    services.move_rule(user, row, up=up)
    return f"“{row}” was moved."


def _deleted(user: User, row: Rule) -> str:
    services.delete_rule(user, row)
    return f"“{row}” was deleted. What it did stays in the log."


_ACTIONS: dict[str, Callable[[User, Rule], str]] = {
    "on": lambda user, row: _switched(user, row, on=True),
    "off": lambda user, row: _switched(user, row, on=False),
    "up": lambda user, row: _moved(user, row, up=True),
    "down": lambda user, row: _moved(user, row, up=False),
    "delete": _deleted,
}
