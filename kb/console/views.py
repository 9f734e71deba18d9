"""What an admin looks at: do the parts live, did the documents arrive, how do the answers go."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kb.chat.models import Message, Outcome
from kb.console.calibrations import calibrations_context
from kb.console.embedding_models import generations_context
from kb.console.open_questions import open_questions_context
from kb.library.access import collections_for, documents_for
from kb.library.models import RETRYABLE
from kb.library.overview import Counts, document_counts
from kb.pages import PageRequest, admin_page

_SHOWN_FAILURES = 20
_SHOWN_ANSWERS = 30


@require_safe
@admin_page
def console(request: PageRequest) -> HttpResponse:
    """The state of the installation. Questions stay private: only how they were answered is shown."""
    failed = documents_for(request.user).filter(status__in=RETRYABLE, superseded_at=None)
    answers = Message.objects.exclude(outcome=Outcome.RUNNING).select_related(
        "conversation__user", "feedback"
    )
    context = {
        "here": "console",
        "counts": _all_of(document_counts(collections_for(request.user)).values()),
        "failed": failed[:_SHOWN_FAILURES],
        "answers": answers.order_by("-created_at")[:_SHOWN_ANSWERS],
        **open_questions_context(request.user),
        **calibrations_context(),
        **generations_context(),
    }
    return render(request, "console/console.html", context)


def _all_of(counts: Iterable[Counts]) -> Counts:
    total = Counts()
    for count in counts:
        total.ready += count.ready
        total.working += count.working
        total.failed += count.failed
    return total
