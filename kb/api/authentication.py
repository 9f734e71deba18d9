"""Who calls the API: an API key, or the browser's own session with its CSRF token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from kb.accounts.models import ApiKey, User, find_api_key

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module

_USE_IS_NOTED_EVERY = timedelta(minutes=1)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer kb_…`. A wrong, expired or revoked key is refused, never ignored."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        now = timezone.now()
        found = find_api_key(key.strip(), now) if scheme.lower() == "bearer" else None
        if found is None:
            raise AuthenticationFailed("The API key is wrong, expired or revoked.")
        if found.last_used_at is None or now - found.last_used_at > _USE_IS_NOTED_EVERY:
            ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BrowserAuthentication(SessionAuthentication):
    """The page's own session; every write needs the CSRF token."""


class SignedInWithScope(BasePermission):
    """Signed in, and an API key must have the write scope for anything that changes data.

    Searching and asking only read knowledge; a view says so with ``reads_by_post = True``.
    """

    message = "This API key may only read."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        if isinstance(request.auth, ApiKey) and not request.auth.can_write:
            return request.method in SAFE_METHODS or getattr(view, "reads_by_post", False)
        return True


def caller(request: Request) -> User:
    """The person who calls; views behind `SignedInWithScope` always have one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
