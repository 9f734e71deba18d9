"""Past questions on which rules are tried.

Conversations are private; whose words may be shown is said here.
"""

from __future__ import annotations

from kb.accounts.models import User
from kb.chat.models import Message
from kb.conf import config
from kb.rules.trial import Past

_MOST = 500


def past_questions(user: User) -> list[Past]:
    """The latest questions: an admin's trial looks at everybody's, anybody else's only at their own.

    The words of other people's questions may be shown only where KB_RULE_TRIALS_SHOW_QUESTIONS says so.
    """
    messages = Message.objects.select_related("conversation__user").prefetch_related("passages__document")
    if not user.is_superuser:
        messages = messages.filter(conversation__user=user)
    rows = list(messages.order_by("-created_at")[:_MOST])
    groups = _groups({row.conversation.user_id for row in rows})
    return [_past(row, user, groups.get(row.conversation.user_id, frozenset())) for row in rows]


def typed_questions(lines: str) -> list[Past]:
    """Questions that the trying person writes, one a line."""
    return [Past(line.strip()) for line in lines.splitlines() if line.strip()][:_MOST]


def _past(row: Message, user: User, groups: frozenset[int]) -> Past:
    sources = tuple((passage.document.collection_id, passage.text) for passage in row.passages.all())
    return Past(
        question=row.standalone_question or row.question,
        answer=row.text,
        sources=sources,
        collections=frozenset(row.conversation.collection_ids) | {collection for collection, _ in sources},
        groups=groups,
        own=row.conversation.user_id == user.pk or config.rule_trials_show_questions,
    )


def _groups(user_ids: set[int]) -> dict[int, frozenset[int]]:
    found: dict[int, frozenset[int]] = {}
    rows = User.groups.through.objects.filter(user_id__in=user_ids).values_list("user_id", "group_id")
    for user_id, group_id in rows:
        found[user_id] = found.get(user_id, frozenset()) | {group_id}
    return found
