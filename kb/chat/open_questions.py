"""Questions that nothing answered: sent to the managers of a collection, and what becomes of them.

Callers have asked `access` whether the person may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from kb.accounts.models import User
from kb.chat.errors import TooOftenError
from kb.chat.models import Message, OpenQuestion
from kb.chat.offers import has_offers
from kb.exceptions import ConflictError
from kb.library.models import Collection
from kb.rules.models import State, VerifiedAnswer
from kb.rules.veil import kept_words

OPEN, ANSWERED, CLOSED = "open", "answered", "closed"
STATES = (OPEN, ANSWERED, CLOSED)
NOTE_CHARS = 2000
_AN_HOUR = timedelta(hours=1)
_MOST_AN_HOUR = 20
_WAITS = Q(closed_at=None) & (Q(verified=None) | ~Q(verified__state=State.ON))
_IN_STATE = {
    OPEN: _WAITS,
    ANSWERED: Q(closed_at=None, verified__state=State.ON),
    CLOSED: Q(closed_at__isnull=False),
}


def send_question(user: User, message: Message, collection: Collection, note: str) -> OpenQuestion:
    """Give an unanswered question to the managers of a collection, under the asker's name.

    What is redacted of questions there is not written down.

    Raises:
        ConflictError: it was answered, a rule keeps it from being answered, or it was sent before.
        TooOftenError: this person sent as many as one may in an hour.
    """
    if not has_offers(message):
        raise ConflictError("Only a question to which the documents say nothing can be sent.")
    recent = OpenQuestion.objects.filter(asked_by=user, created_at__gte=timezone.now() - _AN_HOUR)
    if recent.count() >= _MOST_AN_HOUR:
        raise TooOftenError
    asked = message.standalone_question or message.question
    asked, note = kept_words(user, [collection.pk], asked, note.strip())
    try:
        with transaction.atomic():
            return OpenQuestion.objects.create(
                message=message,
                collection=collection,
                asked_by=user,
                question=asked,
                note=note,
            )
    except IntegrityError as error:
        raise ConflictError("This question was sent already.") from error


def close_question(user: User, question: OpenQuestion, reply: str) -> None:
    """Settle it with a reply that its asker reads; the reply may be empty.

    It is written down without what the rules redact for either of them.

    Raises:
        ConflictError: somebody closed it before.
    """
    [reply] = kept_words(user, [question.collection_id], reply.strip(), reader=question.asked_by)
    waiting = OpenQuestion.objects.filter(pk=question.pk, closed_at=None)
    if not waiting.update(reply=reply, closed_by=user, closed_at=timezone.now()):
        raise ConflictError("This question was closed already.")
    question.refresh_from_db()


def answer_question(question: OpenQuestion, verified: VerifiedAnswer) -> None:
    """Note the verified answer that was written from it; its asker is told once that is switched on."""
    OpenQuestion.objects.filter(pk=question.pk, collection=verified.collection_id).update(verified=verified)


def in_state(rows: QuerySet[OpenQuestion], state: str) -> QuerySet[OpenQuestion]:
    """Args: state: one of STATES; anything else is all of them."""
    return rows.filter(_IN_STATE[state]) if state in _IN_STATE else rows


def waiting_counts(collections: Iterable[Collection]) -> dict[int, int]:
    """How many questions wait in each of these collections, by id; those without any left out."""
    rows = OpenQuestion.objects.filter(_WAITS, collection__in=collections).order_by()
    return dict(rows.values_list("collection_id").annotate(number=Count("pk")))


def state_of(question: OpenQuestion) -> str:
    if question.closed_at is not None:
        return CLOSED
    return ANSWERED if question.verified is not None and question.verified.state == State.ON else OPEN


def sent_object(question: OpenQuestion, readable: Mapping[int, str]) -> dict[str, Any]:
    """What its asker is told. Who may not read the collection any more learns nothing from it.

    Args:
        readable: names of the collections that the asker may read now.
    """
    seen = question.collection_id in readable
    closed = question.closed_by.get_username() if question.closed_by else ""
    return {
        "id": question.pk,
        "state": state_of(question),
        "collection": question.collection_id if seen else None,
        "collection_name": readable.get(question.collection_id, ""),
        "note": question.note,
        "reply": question.reply if seen else "",
        "closed_by": closed if seen else "",
        "sent_at": question.created_at.isoformat(),
        "closed_at": question.closed_at.isoformat() if question.closed_at else None,
    }
