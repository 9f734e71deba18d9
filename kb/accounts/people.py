"""For commands on the server itself, which act for somebody."""

from __future__ import annotations

from kb.accounts.models import User
from kb.exceptions import ConfigurationError


def acting_user(username: str | None) -> User:
    """The named user, or the first admin: whoever has a shell here owns the data anyway.

    Raises:
        ConfigurationError: there is no such user.
    """
    active = User.objects.filter(is_active=True)
    found = active.filter(username=username) if username else active.filter(is_superuser=True).order_by("pk")
    user = found.first()
    if user is None:
        raise ConfigurationError(
            f"There is no active user {username!r}."
            if username
            else "There is no admin yet: run `make up` first."
        )
    return user
