"""Is the site alive, can it work, and how much did it do: for supervisors, probes and Prometheus."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress

from asgiref.sync import sync_to_async
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from kb.accounts.models import User, find_api_key
from kb.secrets import internal_token
from kb.supervise.health import Health, Status
from kb.supervise.metrics import metrics_text
from kb.supervise.parts import llm_metrics, probe_parts

# A proxy on this machine speaks from a loopback address too, for whoever is behind it.
_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives. Touches nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """Every part by name. Strangers learn which part works, and nothing about it (case 8)."""
    parts = await probe_parts()
    ready = all(part.status == Status.OK for part in parts.values())
    with_details = _has_internal_token(request) or await _is_admin(request)
    body = {
        "status": "ok" if ready else "unavailable",
        "parts": {name: _described(part, with_details=with_details) for name, part in parts.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


@never_cache
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine itself, our own processes and admins."""
    if not (_is_local(request) or _has_internal_token(request) or await _is_admin(request)):
        return HttpResponseForbidden("Forbidden", content_type="text/plain")
    parts, of_llm = await asyncio.gather(probe_parts(), llm_metrics())
    text = await sync_to_async(metrics_text)(parts)
    return HttpResponse(text + of_llm, content_type=CONTENT_TYPE_LATEST)


def _described(part: Health, *, with_details: bool) -> dict[str, object]:
    if not with_details:
        return {"status": part.status}
    return {"status": part.status, "detail": part.detail, **part.facts}


def _is_local(request: HttpRequest) -> bool:
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_internal_token(request: HttpRequest) -> bool:
    expected = f"Bearer {internal_token()}"
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode())


async def _is_admin(request: HttpRequest) -> bool:
    """By the browser's session, or by an API key."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() == "bearer":
            found = await sync_to_async(find_api_key)(key.strip(), timezone.now())
            return found is not None and found.user.is_superuser
        user = await request.auser()
    except Error:  # without the database nobody can be recognised
        return False
    return isinstance(user, User) and user.is_active and user.is_superuser
