"""The way of a question: record, retrieve, gate, prompt, generate, verify, store, as a stream of events.

The model only drafts. What reaches the reader as fact was matched by `kb.rag.support` to the words of a
passage; when nothing could be, the reader gets their own words, or reads that the documents do not say.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async

from kb.chat.draft import AnswerWriter
from kb.chat.events import Event
from kb.chat.models import Outcome
from kb.chat.record import Ask, Draft, complete, discard, keep_passages, open_message
from kb.chat.serialize import answer_object, passage_object
from kb.conf import config
from kb.exceptions import KBError, ServiceUnavailableError
from kb.library.retrieval import FoundChunk, search_chunks
from kb.llm.client import Delta, Done, Generator, Queued, llm_client
from kb.rag.abstention import sufficiency
from kb.rag.passages import merge_neighbours, trim_to_budget
from kb.rag.prompt import build_messages
from kb.rag.types import Passage
from kb.secrets import pseudonym

logger = logging.getLogger(__name__)

_CHARACTERS_PER_TOKEN = 4  # English and code, on average; only a budget, the model server has the true count


async def answer(ask: Ask, generator: Generator | None = None) -> AsyncGenerator[Event]:
    """Answer one question.

    Closing the iterator stops the model and keeps what was written so far, marked as stopped.

    Raises:
        KBError: before the first event, when the question cannot be taken (too long, unknown collection,
            search down). Later troubles are `error` events.
    """
    started = time.perf_counter()
    draft = await sync_to_async(open_message)(ask)
    try:
        passages = await sync_to_async(retrieve)(ask, draft)
    except BaseException:
        await asyncio.shield(sync_to_async(discard)(draft))
        raise
    draft.message.timings_ms["retrieve"] = _ms_since(started)
    try:
        yield Event("retrieval", _retrieval_body(draft))
        async for event in _answer_from(ask, draft, passages, started, generator):
            yield event
    except (asyncio.CancelledError, GeneratorExit):
        _note_total(draft, started)
        await asyncio.shield(sync_to_async(complete)(draft, Outcome.STOPPED, "stopped"))
        raise
    except Exception as error:
        _note_total(draft, started)
        yield await sync_to_async(_broken_off)(draft, error)


def retrieve(ask: Ask, draft: Draft) -> list[Passage]:
    """Passages for the standalone question, merged, trimmed to the budget and stored with the message."""
    found = search_chunks(
        ask.user,
        draft.message.standalone_question,
        draft.message.conversation.collection_ids,
        config.passages,
        for_prompt=True,
    )
    passages = merge_neighbours([as_passage(n, item) for n, item in enumerate(found.chunks, start=1)])
    passages = trim_to_budget(
        passages, config.passage_tokens, estimate_tokens, draft.message.standalone_question
    )
    keep_passages(draft, passages)
    return passages


def as_passage(n: int, item: FoundChunk) -> Passage:
    return Passage(
        n=n,
        chunk_id=item.pk,
        document_id=item.document.pk,
        document_title=item.document.title,
        version=item.document.version,
        text=item.text,
        start=item.start,
        end=item.end,
        page_start=item.page_start,
        page_end=item.page_end,
        heading_path=tuple(item.heading_path),
        cosine=item.hit.cosine,
        bm25=item.hit.bm25,
        rrf_score=item.hit.rrf_score,
        vouched=bool(item.flags) and not item.withheld,
    )


def estimate_tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


async def _answer_from(
    ask: Ask, draft: Draft, passages: list[Passage], started: float, generator: Generator | None
) -> AsyncGenerator[Event]:
    message = draft.message
    gate = sufficiency(message.standalone_question, passages, config.min_cosine)
    message.trace["gate"] = {"best_cosine": gate.best_cosine, "coverage": gate.coverage}
    if not gate.enough:
        async for event in _abstain(ask, draft, gate.reason, started):
            yield event
        return
    writer = AnswerWriter(draft)
    async for event in _generate(ask, draft, writer, started, generator or llm_client()):
        yield event
    message.trace.update(writer.counts())
    if writer.declined and not writer.proved:
        draft.sentences.clear()
    elif not writer.proved:
        for sentence in writer.fall_back_to_quotes():
            yield Event("sentence", sentence)
    if not draft.sentences:
        reason = "model_declined" if writer.declined else "not_proved"
        async for event in _abstain(ask, draft, reason, started):
            yield event
        return
    async for event in _finish(ask, draft, Outcome.ANSWERED, "", started):
        yield event


async def _generate(
    ask: Ask, draft: Draft, writer: AnswerWriter, started: float, generator: Generator
) -> AsyncGenerator[Event]:
    message = draft.message
    messages = build_messages(message.standalone_question, draft.passages)
    first = last = 0.0
    reader = pseudonym(ask.user.pk)
    stream = generator.stream(messages, max_tokens=config.answer_tokens, user=reader)
    async with aclosing(stream):
        async for part in stream:
            if isinstance(part, Queued):
                yield Event("queued", {"position": part.position})
            elif isinstance(part, Delta):
                last = time.perf_counter()
                if not first:
                    first = last
                    message.timings_ms["ttft"] = _ms_since(started)
                yield Event("delta", {"text": part.text})
                for sentence in writer.feed(part.text):
                    yield Event("sentence", sentence)
                if writer.going_in_circles:
                    break
            elif isinstance(part, Done):
                _note_usage(draft, part, last - first)
    for sentence in writer.end():
        yield Event("sentence", sentence)


def _note_usage(draft: Draft, done: Done, decode_s: float) -> None:
    message = draft.message
    message.model = done.model
    message.usage = {
        "prompt_tokens": done.usage.prompt_tokens,
        "cached_tokens": done.usage.cached_tokens,
        "completion_tokens": done.usage.completion_tokens,
    }
    if done.usage.completion_tokens > 1:
        message.timings_ms["tpot"] = round(decode_s * 1000 / (done.usage.completion_tokens - 1), 2)


async def _abstain(ask: Ask, draft: Draft, reason: str, started: float) -> AsyncGenerator[Event]:
    nearest = _retrieval_body(draft)["passages"]
    yield Event("abstained", {"reason": reason, "message": "The documents don't say.", "nearest": nearest})
    async for event in _finish(ask, draft, Outcome.ABSTAINED, reason, started):
        yield event


async def _finish(
    ask: Ask, draft: Draft, outcome: Outcome, reason: str, started: float
) -> AsyncGenerator[Event]:
    _note_total(draft, started)
    await sync_to_async(complete)(draft, outcome, reason)
    yield Event("done", await sync_to_async(answer_object)(draft.message, ask.user))


def _retrieval_body(draft: Draft) -> dict[str, Any]:
    return {
        "conversation": draft.message.conversation_id,
        "message_id": draft.message.pk,
        "standalone_question": draft.message.standalone_question,
        "passages": [passage_object(row) for row in draft.passage_rows.values()],
    }


def _broken_off(draft: Draft, error: Exception) -> Event:
    """Keep what was proved so far and tell the reader what happened."""
    reference = str(draft.message.pk)[:8]
    if isinstance(error, KBError):
        logger.warning("Answer %s broke off: %s", draft.message.pk, error.message)
        code, text = error.code, error.message
    else:
        logger.error("Answer %s broke off", draft.message.pk, exc_info=error)
        code, text = KBError.code, KBError.default_message
    complete(draft, Outcome.FAILED, code)
    body: dict[str, Any] = {"code": code, "message": text, "reference": reference}
    if isinstance(error, KBError):
        body["http_status"] = error.http_status
    if isinstance(error, ServiceUnavailableError):
        body["retry_after_s"] = error.retry_after_s
    return Event("error", body)


def _note_total(draft: Draft, started: float) -> None:
    draft.message.timings_ms["total"] = _ms_since(started)


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
