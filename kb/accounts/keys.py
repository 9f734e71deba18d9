"""A person's own API keys."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from kb.accounts.models import ApiKey, User
from kb.exceptions import NotFoundError


def api_keys_for(user: User) -> QuerySet[ApiKey]:
    """Keys that still exist, the newest first; a revoked one is only kept so that its use stays explained."""
    return ApiKey.objects.filter(user=user, revoked_at=None).order_by("-created_at")


def revoke_api_key(user: User, key_id: int, now: datetime) -> None:
    """End a key with this call. Raises NotFoundError for another person's key as for one that never was."""
    if not api_keys_for(user).filter(pk=key_id).update(revoked_at=now):
        raise NotFoundError
