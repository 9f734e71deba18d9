"""Writing an answer down: opened with the question, completed once at the end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from kb.accounts.models import User
from kb.chat.access import get_conversation_for
from kb.chat.conflicts import Conflict, told
from kb.chat.forget import forget_documents
from kb.chat.models import Citation, Conversation, Message, MessagePassage, Outcome
from kb.conf import config
from kb.exceptions import InvalidInputError
from kb.library.models import Document
from kb.library.services import hold_documents
from kb.library.veil import cover_documents, veil_for
from kb.rag.followup import standalone_question
from kb.rag.types import Passage, Quote
from kb.rules.record import BLOCKED
from kb.rules.veil import kept_words

CUT_OFF = "cut_off"  # in a message's trace: the model had no more tokens before it was done
LACKS = "lacks"  # in a message's trace: what an answer to the question would have and nothing found has
LEFT_OUT = "left_out"  # in a message's trace: how many sentences that nothing proved were withheld
_REMEMBERED = 3  # earlier questions that a follow-up may lean on


@dataclass(frozen=True)
class Ask:
    """A question as it came.

    Attributes:
        collection_ids: empty means all that the person may read; None what the conversation had.
        filters: what narrows the search, as `kb.library.filters.as_told` gives it; empty means nothing, None
            what the conversation had.
        earlier: questions of a conversation that the caller keeps itself, oldest first.
        listed: whether a new conversation is in the person's list.
        verified: whether a verified answer may be given; False when the reader said it is not what was asked.
    """

    user: User
    question: str
    collection_ids: tuple[int, ...] | None = None
    filters: dict[str, Any] | None = None
    conversation_id: uuid.UUID | None = None
    earlier: tuple[str, ...] = ()
    listed: bool = True
    verified: bool = True


@dataclass
class Draft:
    """What is known of the answer so far; `complete` stores it."""

    message: Message
    passages: list[Passage] = field(default_factory=list)
    passage_rows: dict[int, MessagePassage] = field(default_factory=dict)
    sentences: list[dict[str, Any]] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def cite(self, quote: Quote) -> int:
        """The citation number of a quote; the same words keep their number."""
        for known in self.citations:
            if (known.passage.n, known.start, known.end) == (quote.n, quote.start, quote.end):
                return known.n
        row = self.passage_rows[quote.n]
        citation = Citation(
            message=self.message,
            n=len(self.citations) + 1,
            passage=row,
            page=row.page_start,
            start=quote.start,
            end=quote.end,
            quote=quote.quote,
        )
        self.citations.append(citation)
        return citation.n

    def clear(self) -> None:
        """Take back what was to be shown."""
        self.sentences.clear()
        self.citations.clear()

    def disagreements(self) -> list[dict[str, Any]]:
        """What is told of where the sources disagree, by what is cited so far."""
        used = {n for sentence in self.sentences for n in sentence["citations"]}
        cited = [Quote(c.passage.n, c.start, c.end, c.quote) for c in self.citations if c.n in used]
        return told(self.conflicts, self.message.standalone_question, self.passages, cited)


def open_message(ask: Ask) -> Draft:
    """Check the question, find or make its conversation, and write the question down.

    Raises:
        InvalidInputError: the question is empty or too long. NotFoundError: not their conversation.
    """
    question = ask.question.strip()
    if not question:
        raise InvalidInputError("Write a question first.")
    if len(question) > config.question_chars:
        raise InvalidInputError(
            f"The question has {len(question):,} characters; at most {config.question_chars:,} are possible.",
            characters=len(question),
            limit=config.question_chars,
        )
    with transaction.atomic():
        conversation = _conversation(ask)
        earlier = [*ask.earlier[-_REMEMBERED:], *_earlier_questions(conversation)]
        # What is redacted of questions is not even written down, so nothing that reads them can show it.
        question, standalone = kept_words(
            ask.user, conversation.collection_ids, question, standalone_question(question, earlier)
        )
        if ask.conversation_id is None:
            conversation.title = " ".join(question.split())[:120]
            conversation.save()
        message = Message.objects.create(
            conversation=conversation,
            question=question,
            filters=conversation.filters,
            standalone_question=standalone,
        )
    return Draft(message)


def _conversation(ask: Ask) -> Conversation:
    """The one that the question belongs to; a new one is not saved yet and has no title."""
    if ask.conversation_id is None:
        return Conversation(
            user=ask.user,
            collection_ids=list(ask.collection_ids or ()),
            filters=ask.filters or {},
            listed=ask.listed,
        )
    conversation = get_conversation_for(ask.user, ask.conversation_id)
    if ask.collection_ids is not None:
        conversation.collection_ids = list(ask.collection_ids)
    if ask.filters is not None:
        conversation.filters = ask.filters
    conversation.save(update_fields=["collection_ids", "filters", "updated_at"])
    return conversation


def _earlier_questions(conversation: Conversation) -> list[str]:
    """Standalone questions, oldest first."""
    recent = conversation.messages.order_by("-created_at").values_list("standalone_question", flat=True)
    return list(recent[:_REMEMBERED])[::-1]


def discard(draft: Draft) -> None:
    """Forget a question that could not even be searched for; its text goes back to the person's input."""
    with transaction.atomic():
        conversation = draft.message.conversation
        draft.message.delete()
        if not conversation.messages.exists():
            conversation.delete()


def keep_passages(draft: Draft, passages: Sequence[Passage]) -> None:
    """Store what is put in front of the model, before it is."""
    rows = MessagePassage.objects.bulk_create(
        MessagePassage(
            message=draft.message,
            n=passage.n,
            document_id=passage.document_id,
            chunk_id=passage.chunk_id,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            page_start=passage.page_start,
            page_end=passage.page_end,
            heading_path=list(passage.heading_path),
            cosine=passage.cosine,
            bm25=passage.bm25,
            rrf_score=passage.rrf_score,
        )
        for passage in passages
    )
    documents = Document.objects.select_related("collection").in_bulk([row.document_id for row in rows])
    cover_documents(veil_for(draft.message.conversation.user), documents.values())
    for row in rows:
        row.document = documents[row.document_id]
    draft.passages = list(passages)
    draft.passage_rows = {row.n: row for row in rows}


@transaction.atomic
def complete(draft: Draft, outcome: Outcome, reason: str = "") -> Message:
    """Store the answer. Only the first call has an effect: a stop and an end may meet.

    Of documents that were purged while the answer came, nothing is kept.
    """
    message = draft.message
    sources = Document.objects.filter(pk__in={row.document_id for row in draft.passage_rows.values()})
    hold_documents(sources)  # a purge is over, or comes when there is all to be taken back
    running = Message.objects.filter(pk=message.pk, outcome=Outcome.RUNNING)
    changed = running.update(
        outcome=outcome,
        reason=reason,
        text=" ".join(sentence["text"] for sentence in draft.sentences),
        sentences=draft.sentences,
        usage=message.usage,
        timings_ms=message.timings_ms,
        trace=message.trace,
        model=message.model,
        rule=message.rule,
        offers=message.offers,
        held_back=message.held_back,
        disagreements=[] if reason == BLOCKED else draft.disagreements(),
        completed_at=timezone.now(),
    )
    if changed:
        used = {n for sentence in draft.sentences for n in sentence["citations"]}
        Citation.objects.bulk_create(citation for citation in draft.citations if citation.n in used)
        forget_documents(list(sources.exclude(purged_at=None).values_list("pk", flat=True)))
    return message
