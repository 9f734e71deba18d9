"""The way of a question: record, rules, retrieve, gate, prompt, generate, verify, store, as events.

The model only drafts. What reaches the reader as fact was matched by `kb.rag.support` to the words of a
passage; when nothing could be, the reader gets their own words, or reads that the documents do not say. Rules
hold before the prompt and behind the model, for its raw text as for sentences.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async

from kb.chat.draft import AnswerWriter
from kb.chat.events import Event
from kb.chat.gate import decided, judge
from kb.chat.lookup import Found, look_up
from kb.chat.models import Outcome
from kb.chat.offers import make_offers
from kb.chat.opinion import opinion_of
from kb.chat.prompt import Prompt
from kb.chat.record import CUT_OFF, LACKS, Ask, Draft, discard, open_message
from kb.chat.ruled import block, close_answer, write_notices, write_verified
from kb.chat.serialize import answer_object, disagreement_objects, passage_object
from kb.conf import config
from kb.exceptions import KBError, ServiceUnavailableError
from kb.library.known_passages import may_be_kept
from kb.library.unproved import withholds_unproved
from kb.llm.client import Delta, Done, LanguageModel, Opened, Queued, llm_client
from kb.llm.types import Usage
from kb.rag.presumed import misses
from kb.rules.errors import BlockedError
from kb.rules.output import Output
from kb.rules.record import BLOCKED
from kb.secrets import pseudonym

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Way:
    """One question on its way; `started` is a reading of the performance counter."""

    ask: Ask
    draft: Draft
    found: Found
    started: float

    async def prompt(self) -> Prompt:
        """As the rules let the model see it. Once for each question: what they mask is counted."""
        draft = self.draft
        question, passages = self.found.guard.for_prompt(draft.message.standalone_question, draft.passages)
        known = await sync_to_async(may_be_kept)({passage.document_id for passage in draft.passages})
        return Prompt(question, passages, known, pseudonym(self.ask.user.pk))

    def note_total(self) -> None:
        self.draft.message.timings_ms["total"] = _ms_since(self.started)


async def answer(ask: Ask, model: LanguageModel | None = None) -> AsyncGenerator[Event]:
    """Answer one question.

    Closing the iterator stops the model and keeps what was written so far, marked as stopped.

    Raises:
        KBError: before the first event, when the question cannot be taken (too long, unknown collection,
            search down). Later troubles are `error` events.
    """
    started = time.perf_counter()
    draft = await sync_to_async(open_message)(ask)
    try:
        found = await sync_to_async(look_up)(ask, draft)
    except BaseException:
        await asyncio.shield(sync_to_async(discard)(draft))
        raise
    draft.message.timings_ms["retrieve"] = _ms_since(started)
    way = _Way(ask, draft, found, started)
    try:
        yield Event("retrieval", _retrieval_body(draft))
        async for event in _within_rules(way, model):
            yield event
    except (asyncio.CancelledError, GeneratorExit):
        way.note_total()
        await asyncio.shield(sync_to_async(close_answer)(ask, draft, found, Outcome.STOPPED, "stopped"))
        raise
    except Exception as error:
        way.note_total()
        yield await sync_to_async(_broken_off)(way, error)


async def _within_rules(way: _Way, model: LanguageModel | None) -> AsyncGenerator[Event]:
    """The answer; what a rule blocks, of the question or on the way out, ends as an abstention."""
    found = way.found
    try:
        if found.blocked is not None:
            raise found.blocked
        events = _verified(way) if found.verified is not None else _answer_from(way, model or llm_client())
        async with aclosing(events):
            async for event in events:
                yield event
    except BlockedError as error:
        yield Event("abstained", block(way.draft, error))
        async for event in _finish(way, Outcome.ABSTAINED, BLOCKED):
            yield event


async def _verified(way: _Way) -> AsyncGenerator[Event]:
    """A verified answer, without the model."""
    assert way.found.verified is not None  # noqa: S101 - asked by the caller
    for sentence in await sync_to_async(write_verified)(way.draft, way.found, way.found.verified):
        yield Event("sentence", sentence)
    way.draft.message.timings_ms["ttft"] = _ms_since(way.started)
    async for event in _finish(way, Outcome.ANSWERED, ""):
        yield event


async def _answer_from(way: _Way, model: LanguageModel) -> AsyncGenerator[Event]:
    draft, message = way.draft, way.draft.message
    judgement = await sync_to_async(judge)(
        message.standalone_question, way.found.passages, way.found.collections
    )
    prompt = None if judgement.reason else await way.prompt()
    if prompt is not None and judgement.open is not None:
        opinion = await opinion_of(model, prompt, judgement.nearness, judgement.open.lets_through)
        judgement = decided(judgement, opinion)
    message.trace["gate"] = judgement.trace
    if prompt is None or judgement.reason:
        async for event in _abstain(way, judgement.reason):
            yield event
        return
    output = way.found.guard.output()
    strict = await sync_to_async(withholds_unproved)({p.document_id for p in way.found.passages})
    writer = AnswerWriter(draft, output, withholds=strict, nearness=judgement.nearness)
    async with aclosing(_generate(way, writer, output, model, prompt)) as events:
        async for event in events:
            yield event
    message.trace.update(writer.counts())
    if writer.declined and not writer.proved:
        draft.sentences.clear()
    elif not writer.proved or writer.is_mostly_unproved or writer.is_beside_the_point:
        message.trace[CUT_OFF] = False  # quotations are whole
        for sentence in writer.fall_back_to_quotes():
            yield Event("sentence", sentence)
    lacks = _lacks(draft)
    if draft.sentences and lacks:
        message.trace[LACKS] = lacks
        draft.clear()
    if not draft.sentences:
        reason = "other_question" if lacks else "model_declined" if writer.declined else "not_proved"
        async for event in _abstain(way, reason):
            yield event
        return
    async for event in _finish(way, Outcome.ANSWERED, ""):
        yield event


def _lacks(draft: Draft) -> str:
    """What the cited words lack of what an answer to the question must have."""
    cited = {citation.passage.n for citation in draft.citations}
    above = [
        words
        for passage in draft.passages
        if passage.n in cited
        for words in (passage.document_title, *passage.heading_path)
    ]
    return misses(draft.message.standalone_question, [citation.quote for citation in draft.citations], above)


async def _generate(
    way: _Way, writer: AnswerWriter, output: Output, model: LanguageModel, prompt: Prompt
) -> AsyncGenerator[Event]:
    message = way.draft.message
    first = last = 0.0
    pieces = 0
    stream = model.stream(prompt.messages(), max_tokens=config.answer_tokens, user=prompt.user)
    async with aclosing(stream):
        async for part in stream:
            if isinstance(part, Queued):
                yield Event("queued", {"position": part.position})
            elif isinstance(part, Opened):
                _note_usage(way.draft, part.model, part.usage, 0.0)
            elif isinstance(part, Delta):
                last = time.perf_counter()
                pieces += 1
                if not first:
                    first = last
                    message.timings_ms["ttft"] = _ms_since(way.started)
                for event in await _written(writer, output.feed(part.text)):
                    yield event
                if writer.going_in_circles:
                    # Nobody counts the tokens of what is broken off; each piece is at least one.
                    message.usage |= {"completion_tokens": pieces} if message.usage else {}
                    break
            elif isinstance(part, Done):
                _note_usage(way.draft, part.model, part.usage, last - first)
                message.trace[CUT_OFF] = part.finish_reason == "length"
    for event in await _written(writer, output.close()):
        yield event
    for sentence in await _judged(writer, partial(writer.end, cut_off=message.trace.get(CUT_OFF, False))):
        yield Event("sentence", sentence)


async def _written(writer: AnswerWriter, text: str) -> list[Event]:
    """What a piece of text that may be shown makes."""
    if not text:
        return []
    sentences = [Event("sentence", sentence) for sentence in await _judged(writer, writer.feed, text)]
    # The draft is not proved yet: where such words are withheld, only sentences are shown.
    return sentences if writer.withholds else [Event("delta", {"text": text}), *sentences]


async def _judged(
    writer: AnswerWriter, judge: Callable[..., list[dict[str, Any]]], *given: str
) -> list[dict[str, Any]]:
    """Sentences, judged beside the event loop where that may take long."""
    return await asyncio.to_thread(judge, *given) if writer.may_wait else judge(*given)


def _note_usage(draft: Draft, model: str, usage: Usage, decode_s: float) -> None:
    message = draft.message
    message.model = model
    message.usage = {
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    if usage.completion_tokens > 1:
        message.timings_ms["tpot"] = round(decode_s * 1000 / (usage.completion_tokens - 1), 2)


async def _abstain(way: _Way, reason: str) -> AsyncGenerator[Event]:
    nearest = _retrieval_body(way.draft)["passages"]
    yield Event("abstained", {"reason": reason, "message": "The documents don't say.", "nearest": nearest})
    way.draft.message.offers = await sync_to_async(make_offers)(way.ask, way.draft)
    async for event in _finish(way, Outcome.ABSTAINED, reason):
        yield event


async def _finish(way: _Way, outcome: Outcome, reason: str) -> AsyncGenerator[Event]:
    if outcome == Outcome.ANSWERED:
        for sentence in write_notices(way.draft, way.found):
            yield Event("sentence", sentence)
    way.note_total()
    await sync_to_async(close_answer)(way.ask, way.draft, way.found, outcome, reason)
    yield Event("done", await sync_to_async(answer_object)(way.draft.message, way.ask.user))


def _retrieval_body(draft: Draft) -> dict[str, Any]:
    return {
        "conversation": draft.message.conversation_id,
        "message_id": draft.message.pk,
        "standalone_question": draft.message.standalone_question,
        "passages": [passage_object(row) for row in draft.passage_rows.values()],
        "held_back": {"count": len(draft.message.held_back)},
        "disagreements": disagreement_objects(draft.disagreements(), draft.passage_rows.values()),
    }


def _broken_off(way: _Way, error: Exception) -> Event:
    """Keep what was proved so far and tell the reader what happened."""
    draft = way.draft
    reference = str(draft.message.pk)[:8]
    if isinstance(error, KBError):
        logger.warning("Answer %s broke off: %s", draft.message.pk, error.message)
        code, text = error.code, error.message
    else:
        logger.error("Answer %s broke off", draft.message.pk, exc_info=error)
        code, text = KBError.code, KBError.default_message
    close_answer(way.ask, draft, way.found, Outcome.FAILED, code)
    body: dict[str, Any] = {"code": code, "message": text, "reference": reference}
    if isinstance(error, KBError):
        body["http_status"] = error.http_status
    if isinstance(error, ServiceUnavailableError):
        body["retry_after_s"] = error.retry_after_s
    return Event("error", body)


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
