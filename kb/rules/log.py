"""Looking things up in the log of firings."""

from __future__ import annotations

from django.db.models import QuerySet

from kb.rules.models import Firing


def firings(rule: str, username: str) -> QuerySet[Firing]:
    """The log, the latest first, filtered by a rule's id and a person's name where these are given."""
    rows = Firing.objects.select_related("user", "rule", "verified")
    if rule:
        is_number = rule.isascii() and rule.isdigit() and len(rule) < 10
        rows = rows.filter(rule_id=int(rule)) if is_number else rows.none()
    return rows.filter(user__username=username.replace("\0", "")) if username else rows
