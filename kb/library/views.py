"""The library: collections, their documents, and the text of one document."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from kb.conf import config
from kb.library.access import get_collection_for, get_document_for
from kb.library.archives import unpacked
from kb.library.held import held_passages
from kb.library.history import history_of
from kb.library.labels import labels_of
from kb.library.listing import Filter, list_documents
from kb.library.models import PENDING, RETRYABLE, Collection, Role, Unproved
from kb.library.overview import present_documents, role_of, shelves_for
from kb.library.passages import passages_of
from kb.library.recognition import pages_read
from kb.library.text import other_versions, part_of, quoted_span
from kb.library.veil import cover_documents, hides_original, veil_for
from kb.pages import PageRequest, page, whole_number


@require_safe
@page
def library(request: PageRequest) -> HttpResponse:
    """All collections that the person may read."""
    return render(request, "library/library.html", {"here": "library", "shelves": shelves_for(request.user)})


@require_safe
@page
def collection(request: PageRequest, collection_id: int) -> HttpResponse:
    """One collection: its documents, and for managers who may read it."""
    found = get_collection_for(request.user, collection_id)
    role = role_of(request.user, found)
    context = {
        "here": "library",
        "upload_mb": config.upload_mb,
        "roles": Role.choices,
        "unproved_choices": Unproved.choices,
        "grants": _grants(found) if role == Role.MANAGER else None,
        **_table(request, found, role),
    }
    return render(request, "library/collection.html", context)


@require_safe
@page
def document_table(request: PageRequest, collection_id: int) -> HttpResponse:
    """The table of documents alone; nothing at all (204) when it is as the page has it already."""
    found = get_collection_for(request.user, collection_id)
    context = _table(request, found, role_of(request.user, found))
    if context["fingerprint"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    response = render(request, "library/document_table.html", context)
    if "seen" not in request.GET:
        # Another filter or page was chosen (and not only the same one looked at again): the address says so.
        response["HX-Push-Url"] = f"{reverse('collection', args=[found.pk])}?{context['listing'].query}"
    return response


@require_safe
@page
def grants(request: PageRequest, collection_id: int) -> HttpResponse:
    """The list of grants alone, after one changed."""
    found = get_collection_for(request.user, collection_id, Role.MANAGER)
    return render(request, "library/grant_list.html", {"collection": found, "grants": _grants(found)})


@require_safe
@page
def document(request: PageRequest, document_id: int) -> HttpResponse:
    """The text of a document, with the words that an answer cites highlighted."""
    found = get_document_for(request.user, document_id)
    span = quoted_span(found, request.GET)
    versions = other_versions(found)
    role = role_of(request.user, found.collection)
    part = whole_number(request.GET.get("part", ""), 0)
    veil = veil_for(request.user)
    hidden = hides_original(veil, found)
    shown = part_of(found, span, part, whole_number(request.GET.get("page", ""), 0), veil)
    passages = passages_of(found, part, veil) if "passages" in request.GET and span is None else None
    held = held_passages(found, veil)
    cover_documents(veil, [found])
    context = {
        "here": "library",
        "document": found,
        "collection": found.collection,
        "part": shown,
        "archive": unpacked(found),
        "reason_is_below": shown is None,
        "passages": passages,
        "original_hidden": hidden,
        "is_due": found.review_by is not None and found.review_by < timezone.localdate(),
        "pages_read": pages_read(found),
        "page_images": found.metadata.get("page_images") is True and not hidden,
        "held": held,
        "may_manage": role == Role.MANAGER,
        "may_edit": role != Role.VIEWER,
        "history": history_of(found) if role != Role.VIEWER else [],
        "versions": versions,
        "newest": next((row for row in versions if row.superseded_at is None), None),
    }
    return render(request, "library/document.html", context)


def _table(request: PageRequest, found: Collection, role: Role) -> dict[str, Any]:
    listing = list_documents(found, Filter.from_query(request.GET))
    veil = veil_for(request.user)
    cover_documents(veil, listing.documents)
    chosen = listing.filter.label
    labels = labels_of(present_documents([found]), veil, [chosen] if chosen else [])
    context = {
        "collection": found,
        "listing": listing,
        "labels": labels,
        "label_is_known": not chosen or any(label.chosen for label in labels),
        "table_url": reverse("document_table", args=[found.pk]),
        "retryable": RETRYABLE,
        "pending": PENDING,
        "may_edit": role != Role.VIEWER,
        "may_manage": role == Role.MANAGER,
    }
    rows = render_to_string("library/document_rows.html", context)
    # What the page already shows need not be swapped: focus, selection and scrolling stay as they are.
    return {**context, "rows": rows, "fingerprint": hashlib.sha256(rows.encode()).hexdigest()[:16]}


def _grants(found: Collection) -> Any:
    return found.grants.select_related("user", "group").order_by("-everyone", "group__name", "user__username")
