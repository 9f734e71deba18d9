"""The answer object of the API, made from the stored record: the same for a stream's end and a reload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from kb.chat.access import withheld
from kb.chat.conflicts import live_conflicts
from kb.chat.forget import SOURCE_DELETED
from kb.chat.gate import UNKNOWN_NAMES
from kb.chat.held_back import NOTHING, held_objects, quotes_held
from kb.chat.models import Citation, Message, MessagePassage, Outcome
from kb.chat.newer import newer_versions
from kb.chat.offers import has_offers, offers_object
from kb.chat.open_questions import sent_object
from kb.chat.record import CUT_OFF, LACKS, LEFT_OUT
from kb.chat.sentence_html import sentence_html
from kb.library.access import AnyUser, collections_for
from kb.library.dating import dated_fields
from kb.library.models import Document
from kb.library.retrieval import FoundDocument
from kb.library.veil import cover_documents, veil_for
from kb.rules.record import BLOCKED

WITHHELD = "This answer used documents that you may no longer open."
DELETED = "This answer was made from a document that has been deleted."


def with_sources(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Everything an answer object needs, in a fixed number of queries."""
    passages = MessagePassage.objects.select_related("document__collection")
    citations = Citation.objects.select_related("passage__document__collection")
    related = ("feedback", "conversation", "open_question__verified", "open_question__closed_by")
    return messages.select_related(*related).prefetch_related(
        Prefetch("passages", passages), Prefetch("citations", citations)
    )


def answer_objects(messages: Iterable[Message], user: AnyUser) -> list[dict[str, Any]]:
    """Answer objects for messages loaded through `with_sources`."""
    messages = list(messages)
    hidden = withheld(user, messages)
    offering = any(has_offers(message) for message in messages)
    readable = dict(collections_for(user).values_list("pk", "name")) if offering else {}
    held, newer = held_objects(messages, user), newer_versions(messages)
    quoted = quotes_held(messages)
    cover_documents(veil_for(user), _documents_of(messages))
    return [
        _withheld_object(message, hidden[message.pk])
        if message.pk in hidden
        else {
            **_answer_object(message, readable, newer),
            "held_back": held.get(message.pk, NOTHING),
            "quotes_held_back": quoted.get(message.pk, 0),
        }
        for message in messages
    ]


def _documents_of(messages: Iterable[Message]) -> list[Document]:
    """All rows of documents that hang on these messages."""
    rows = [row for message in messages for row in message.passages.all()]
    rows += [citation.passage for message in messages for citation in message.citations.all()]
    return [row.document for row in rows]


def answer_object(message: Message, user: AnyUser) -> dict[str, Any]:
    """The answer object of one message, read anew."""
    [fresh] = with_sources(Message.objects.filter(pk=message.pk))
    return answer_objects([fresh], user)[0]


def document_brief(document: Document | FoundDocument) -> dict[str, Any]:
    return {
        "id": document.pk,
        "title": document.title,
        "external_id": document.external_id,
        "version": document.version,
        "collection": document.collection_id,
        "collection_name": document.collection_name,
    }


def passage_object(passage: MessagePassage) -> dict[str, Any]:
    return {
        "n": passage.n,
        "document": document_brief(passage.document),
        "chunk_id": passage.chunk_id,
        "page_start": passage.page_start,
        "page_end": passage.page_end,
        **dated_fields(passage.document),
        "heading_path": passage.heading_path,
        "text": passage.text,
        "cosine": passage.cosine,
        "bm25": passage.bm25,
        "rrf_score": passage.rrf_score,
        "url": document_url(passage.document_id, passage.chunk_id, passage.start, passage.end),
    }


def citation_object(
    citation: Citation, newer: Mapping[int, dict[str, Any]] = MappingProxyType({})
) -> dict[str, Any]:
    """The citation opens the version that it was made from.

    Args:
        newer: of `newer_versions`; `newer_version` says if that version was replaced.
    """
    passage = citation.passage
    return {
        "n": citation.n,
        "document": document_brief(passage.document),
        "document_id": passage.document_id,
        "version": passage.document.version,
        **dated_fields(passage.document),
        "chunk_id": passage.chunk_id,
        "page": citation.page,
        "heading_path": passage.heading_path,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "url": document_url(passage.document_id, passage.chunk_id, citation.start, citation.end),
        "newer_version": newer.get(passage.document_id),
    }


def disagreement_objects(
    stored: Iterable[Mapping[str, Any]], passages: Iterable[MessagePassage]
) -> list[dict[str, Any]]:
    """Two sides each, with the words of both; `newer` is the place of the one to prefer, or null."""
    return [
        {
            "kind": item["kind"],
            "newer": item["newer"],
            "sides": [_side_object(side, row) for side, row in zip(item["sides"], rows, strict=True)],
        }
        for item, rows in live_conflicts(stored, passages)
    ]


def _side_object(side: Mapping[str, Any], row: MessagePassage) -> dict[str, Any]:
    return {
        "passage": row.n,
        "document": document_brief(row.document),
        **dated_fields(row.document),
        "chunk_id": row.chunk_id,
        "page": row.page_start,
        "heading_path": row.heading_path,
        "value": side["value"],
        "quote": side["quote"],
        "start": side["start"],
        "end": side["end"],
        "url": document_url(row.document_id, row.chunk_id, side["start"], side["end"]),
    }


def document_url(document_id: int, chunk_id: int, start: int, end: int) -> str:
    """The document's page with these words highlighted."""
    query = urlencode({"chunk": chunk_id, "start": start, "end": end})
    return f"{reverse('document', args=[document_id])}?{query}#quote"


def sentence_object(sentence: dict[str, Any], citations: list[dict[str, Any]]) -> dict[str, Any]:
    """A stored sentence with its HTML; citations are citation objects."""
    own = [citation for citation in citations if citation["n"] in sentence["citations"]]
    return {**sentence, "html": str(sentence_html(sentence, own))}


def _answer_object(
    message: Message, readable: dict[int, str], newer: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    citations = [citation_object(citation, newer) for citation in message.citations.all()]
    feedback = getattr(message, "feedback", None)
    sent = getattr(message, "open_question", None)
    return {
        **_frame(message),
        "text": message.text,
        "sentences": [sentence_object(sentence, citations) for sentence in message.sentences],
        "citations": citations,
        "passages": [] if message.reason == BLOCKED else _passages(message),
        "unproved_left_out": message.trace.get(LEFT_OUT, 0),
        "cut_off": message.trace.get(CUT_OFF, False),
        "unknown_names": message.trace.get("gate", {}).get(UNKNOWN_NAMES, []),
        "lacks": message.trace.get(LACKS, ""),
        "disagreements": disagreement_objects(message.disagreements, message.passages.all()),
        "usage": message.usage,
        "timings_ms": message.timings_ms,
        "model": message.model,
        "rule": message.rule,
        "feedback": None if feedback is None else {"helpful": feedback.helpful, "comment": feedback.comment},
        "offers": offers_object(message, readable) if has_offers(message) else None,
        "open_question": None if sent is None else sent_object(sent, readable),
    }


def _passages(message: Message) -> list[dict[str, Any]]:
    return [passage_object(p) for p in message.passages.all() if p.document.deleted_at is None]


def _withheld_object(message: Message, reason: str) -> dict[str, Any]:
    """The person's own question stays; whatever came from documents does not."""
    words = DELETED if reason == SOURCE_DELETED else WITHHELD
    return {**_frame(message), "reason": reason, "withheld": True, "message": words}


def _frame(message: Message) -> dict[str, Any]:
    """The answer object without anything that came from documents."""
    return {
        "id": message.pk,
        "conversation": message.conversation_id,
        "question": message.question,
        "standalone_question": message.standalone_question,
        "filters": message.filters,
        "outcome": message.outcome,
        "abstained": message.outcome == Outcome.ABSTAINED,
        "stopped": message.outcome == Outcome.STOPPED,
        "reason": message.reason,
        "withheld": False,
        "message": "",
        "text": "",
        "sentences": [],
        "citations": [],
        "passages": [],
        "disagreements": [],
        "unproved_left_out": 0,
        "cut_off": False,
        "unknown_names": [],
        "lacks": "",
        "held_back": NOTHING,
        "quotes_held_back": 0,
        "usage": {},
        "timings_ms": {},
        "model": "",
        "rule": {},
        "feedback": None,
        "offers": None,
        "open_question": None,
        "created_at": message.created_at.isoformat(),
    }
