"""Writing down who changed what."""

from __future__ import annotations

from typing import Any

from kb.accounts.models import User
from kb.rules.active import bump
from kb.rules.models import Label, Rule, RuleChange, VerifiedAnswer

_SUBJECTS: dict[type, str] = {Rule: "rule", VerifiedAnswer: "verified", Label: "label"}


def note_change(
    user: User,
    subject: Rule | VerifiedAnswer | Label,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Add a row with what differs, and have every process read the rules anew.

    To be called in the transaction of the change.
    """
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    RuleChange.objects.create(
        user=user,
        username=user.get_username(),
        subject=_SUBJECTS[type(subject)],
        subject_id=subject.pk,
        name=str(subject)[:500],
        action=action,
        before={key: before[key] for key in sorted(changed & before.keys())},
        after={key: after[key] for key in sorted(changed & after.keys())},
    )
    bump()
