"""Whose conversations, and which stored answers may still be shown."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import QuerySet

from kb.chat.forget import SOURCE_DELETED
from kb.chat.models import Conversation, Message, OpenQuestion
from kb.exceptions import NotFoundError
from kb.library.access import AnyUser, collections_for, documents_for
from kb.library.models import Document, Role
from kb.rules.labels import labels_allow

NO_ACCESS = "no_access"


def conversations_for(user: AnyUser) -> QuerySet[Conversation]:
    """A person's own conversations; nobody, admins included, reads another's."""
    return Conversation.objects.filter(user_id=user.pk) if user.is_active else Conversation.objects.none()


def get_conversation_for(user: AnyUser, conversation_id: uuid.UUID) -> Conversation:
    """Raises NotFoundError for one that is not theirs."""
    conversation = conversations_for(user).filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFoundError
    return conversation


def get_message_for(user: AnyUser, message_id: uuid.UUID) -> Message:
    """Raises NotFoundError for one in a conversation that is not theirs."""
    message = Message.objects.filter(pk=message_id, conversation__in=conversations_for(user)).first()
    if message is None:
        raise NotFoundError
    return message


def open_questions_for(user: AnyUser) -> QuerySet[OpenQuestion]:
    """Questions that were sent to collections which this person manages."""
    rows = OpenQuestion.objects.filter(collection__in=collections_for(user, Role.MANAGER))
    return rows.select_related("collection", "asked_by", "closed_by", "verified")


def get_open_question_for(user: AnyUser, question_id: int) -> OpenQuestion:
    """Raises NotFoundError for all but managers: who asked what is no matter of other readers."""
    question = open_questions_for(user).filter(pk=question_id).first()
    if question is None:
        raise NotFoundError
    return question


def withheld(user: AnyUser, messages: Iterable[Message]) -> dict[uuid.UUID, str]:
    """Answers that this person may not see any more, each with NO_ACCESS or SOURCE_DELETED.

    An answer is shown only while its reader may open every document that was put in front of the model for
    it, and no rule about a label keeps it away: the words may come from any of them. A deleted document takes
    along only the answers that cite it, since its words are purged from the others' sources.
    """
    used: dict[uuid.UUID, set[int]] = {}
    cited: dict[uuid.UUID, set[int]] = {}
    for message in messages:
        used[message.pk] = {passage.document_id for passage in message.passages.all()}
        cited[message.pk] = {citation.passage.document_id for citation in message.citations.all()}
    every = set().union(*used.values())
    rows = documents_for(user).filter(pk__in=every).values_list("pk", "collection_id", "external_id")
    readable = labels_allow(user, rows)
    deleted = set(Document.objects.filter(pk__in=every).exclude(deleted_at=None).values_list("pk", flat=True))
    hidden = {pk: SOURCE_DELETED for pk, documents in cited.items() if documents & deleted}
    revoked = {pk: NO_ACCESS for pk, documents in used.items() if documents - readable - deleted}
    return {**hidden, **revoked}
