"""What is kept of rules that had an effect: with the message, and in the log of firings."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from kb.accounts.models import User
from kb.rules.active import ActiveAnswer
from kb.rules.errors import BlockedError
from kb.rules.guard import QUESTION, Fired
from kb.rules.models import Firing, Kind, Rule, VerifiedAnswer

VERIFIED = "verified_answer"
BLOCKED = "blocked"


def verified_rule(answer: ActiveAnswer) -> dict[str, Any]:
    """The `rule` of an answer object that a verified answer gave."""
    return {
        "kind": VERIFIED,
        "id": answer.pk,
        "verified_by": answer.verified_by,
        "verified_on": answer.verified_at.date().isoformat(),
    }


def blocked_rule(error: BlockedError) -> dict[str, Any]:
    """The `rule` of an answer object that a rule blocked."""
    return {"kind": Kind.BLOCK.value, "id": error.rule_id, "message": error.message}


def log_firings(
    user: User, message_id: uuid.UUID, fired: Iterable[Fired], verified: ActiveAnswer | None
) -> None:
    """Write down what fired for one message. A rule that was deleted meanwhile keeps its name."""
    fired = list(fired)
    if not fired and verified is None:
        return
    known = set(Rule.objects.filter(pk__in={item.rule.pk for item in fired}).values_list("pk", flat=True))
    rows = [
        Firing(
            kind=item.rule.kind,
            rule_id=item.rule.pk if item.rule.pk in known else None,
            name=item.rule.name,
            user=user,
            message_id=message_id,
            place=item.place,
            counts=dict(item.counts),
        )
        for item in fired
    ]
    if verified is not None:
        alive = VerifiedAnswer.objects.filter(pk=verified.pk).exists()
        rows.append(
            Firing(
                kind="verified", verified_id=verified.pk if alive else None, name=verified.name, user=user,
                message_id=message_id, place=QUESTION,
            )
        )  # fmt: skip
    Firing.objects.bulk_create(rows)


def forget_firings(now: datetime, days: int) -> int:
    """Remove what is older than so many days; how many rows that were."""
    removed, _ = Firing.objects.filter(created_at__lt=now - timedelta(days=days)).delete()
    return removed
