"""Under which name failed sign-ins are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

_LONGEST = 255  # the counter's column; PostgreSQL refuses what is longer


def counted_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The name that was tried, cut where the counter ends; a real name is shorter."""
    name = (credentials or request.POST).get("username")
    return None if name is None else str(name)[:_LONGEST]
