"""Pages on which the managers of a collection look after its sources."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ingest.sources import services
from ingest.sources.access import get_source_for, sources_for
from ingest.sources.checking import Preview, preview
from ingest.sources.forms import SourceForm, initial_of
from ingest.sources.models import Source
from ingest.sources.protocols import PROTOCOLS
from ingest.sources.sealing import unseal
from kb.exceptions import KBError, NotFoundError
from kb.library.access import get_collection_for
from kb.library.models import Collection, Role
from kb.pages import PageRequest, page

_SHOWN_RUNS = 20
_SHOWN_FAILURES = 50
_SAID = {
    "run": "It is looked at within seconds.",
    "pause": "It is paused. Its documents stay as they are.",
    "resume": "It goes on.",
    "confirm": "It goes on. What is gone is deleted when its time is over.",
    "reject": "It is paused, and nothing was deleted.",
}


@require_safe
@page
def sources(request: PageRequest, collection_id: int) -> HttpResponse:
    """The sources of a collection, and what else could be connected."""
    collection = get_collection_for(request.user, collection_id, Role.MANAGER)
    context = {
        "here": "library",
        "collection": collection,
        "shown": [(row, row.runs.first()) for row in sources_for(request.user).filter(collection=collection)],
        "protocols": PROTOCOLS,
    }
    return render(request, "sources/sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_source(request: PageRequest, collection_id: int, protocol: str) -> HttpResponse:
    """Write a source; "Test" shows its first files, "Connect" connects it."""
    collection = get_collection_for(request.user, collection_id, Role.MANAGER)
    if protocol not in PROTOCOLS:
        raise NotFoundError
    form = SourceForm(protocol, None, request.POST or None)
    seen = None
    if request.method == "POST" and form.is_valid():
        try:
            if "test" in request.POST:
                seen = _look(form, {})
            else:
                made = services.connect_source(request.user, collection, form.given(), timezone.now())
                messages.success(request, "It is connected. Its first run starts within seconds.")
                return redirect("source", made.pk)
        except KBError as error:
            form.add_error(None, error.message)
    return _form_page(request, collection, protocol, form, None, seen)


@require_safe
@page
def source(request: PageRequest, source_id: int) -> HttpResponse:
    """One source: its state, its runs, and what could not be read."""
    return _source_page(request, get_source_for(request.user, source_id))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def edit_source(request: PageRequest, source_id: int) -> HttpResponse:
    """Change it."""
    found = get_source_for(request.user, source_id)
    form = SourceForm(found.protocol, found, request.POST or None, initial=initial_of(found))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_source(found, form.given(), timezone.now())
            messages.success(request, "Saved.")
            return redirect("source", found.pk)
        except KBError as error:
            form.add_error(None, error.message)
    return _form_page(request, found.collection, found.protocol, form, found, None)


@require_POST
@page
def test_source(request: PageRequest, source_id: int) -> HttpResponse:
    """Connect now, and show the first files."""
    found = get_source_for(request.user, source_id)
    try:
        options = {**found.options, **unseal(found.sealed)}
        seen = preview(found.protocol, found.location, options, found.include, found.exclude)
    except KBError as error:
        messages.error(request, error.message)
        return _source_page(request, found)
    return _source_page(request, found, seen)


@require_POST
@page
def decide_source(request: PageRequest, source_id: int, decision: str) -> HttpResponse:
    """Run, pause, resume, confirm, reject or remove it."""
    found = get_source_for(request.user, source_id)
    try:
        if decision in ("remove", "remove-all"):
            services.remove_source(found, delete_its_documents=decision == "remove-all")
            messages.success(request, f"{found.name} is disconnected.")
            return redirect("sources", found.collection_id)
        if decision == "run":
            services.run_now(found, timezone.now())
        elif decision in services.DECISIONS:
            services.decide(request.user, found, decision, timezone.now())
        else:
            raise NotFoundError
        messages.success(request, _SAID[decision])
    except NotFoundError:
        raise
    except KBError as error:
        messages.error(request, error.message)
    return redirect("source", found.pk)


def _look(form: SourceForm, kept: dict[str, str]) -> Preview:
    given = form.given()
    return preview(given.protocol, given.location, {**given.options, **kept}, given.include, given.exclude)


def _form_page(
    request: PageRequest,
    collection: Collection,
    protocol: str,
    form: SourceForm,
    found: Source | None,
    seen: Preview | None,
) -> HttpResponse:
    context = {
        "here": "library",
        "collection": collection,
        "protocol": PROTOCOLS[protocol],
        "protocol_name": protocol,
        "form": form,
        "source": found,
        "preview": seen,
    }
    return render(request, "sources/form.html", context)


def _source_page(request: PageRequest, found: Source, seen: Preview | None = None) -> HttpResponse:
    context = {
        "here": "library",
        "collection": found.collection,
        "source": found,
        "protocol": PROTOCOLS[found.protocol],
        "preview": seen,
        "runs": found.runs.all()[:_SHOWN_RUNS],
        "files": found.files.exclude(sha256="").count(),
        "missing": found.files.filter(missing_since__isnull=False).count(),
        "failures": found.files.exclude(failure="").order_by("path")[:_SHOWN_FAILURES],
    }
    return render(request, "sources/source.html", context)
