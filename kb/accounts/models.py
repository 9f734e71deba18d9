"""Who asks: people, and the keys by which their programs act for them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import connection, models
from django.utils import timezone

from kb.prepared import PreparedRows

KEY_PREFIX = "kb_"


class User(AbstractUser):
    """A person. Superusers are the installation's admins: they may see and do everything."""


class ApiKey(models.Model):
    """A bearer key that acts for its user, with that user's grants and no more.

    Only a SHA-256 of the key is kept. The key has 256 random bits, so a slow hash would add nothing.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    can_write = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="api_key_name_is_unique_per_user"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(
    user: User, name: str, *, can_write: bool, lifetime: timedelta | None = None
) -> tuple[ApiKey, str]:
    """Make a key; the second value is the only time it is seen."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        user=user,
        name=name,
        digest=digest_of(key),
        can_write=can_write,
        expires_at=timezone.now() + lifetime if lifetime else None,
    )
    return row, key


def find_api_key(key: str, now: datetime) -> ApiKey | None:
    """The live key of an active user, or None."""
    found = _KEYS.rows(digest_of(key))
    if not found:
        return None
    split = len(_KEY_FIELDS)
    row = ApiKey.from_db(connection.alias, _KEY_FIELDS, found[0][:split])
    row.user = User.from_db(connection.alias, _USER_FIELDS, found[0][split:])
    if not row.user.is_active or (row.expires_at and row.expires_at <= now):
        return None
    return row


_KEY_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
_USER_FIELDS = [field.attname for field in User._meta.concrete_fields]
_DIGEST = "the digest"
_KEYS = PreparedRows(
    lambda: ApiKey.objects.filter(digest=_DIGEST, revoked_at=None).values_list(
        *_KEY_FIELDS, *(f"user__{field}" for field in _USER_FIELDS)
    ),
    [_DIGEST],
)
