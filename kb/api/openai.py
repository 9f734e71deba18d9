"""The OpenAI-compatible surface under /v1: every collection is a model, and any OpenAI client can ask.

Such clients cannot mark a sentence as unproved, so they get only what was proved, with its citation numbers;
the `kb` field beside the message carries the citations and counts what was held back.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from asgiref.sync import async_to_sync
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kb.accounts.models import User
from kb.api.answers import resumed
from kb.api.authentication import caller
from kb.api.sse import with_heartbeat
from kb.chat.events import Event
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.chat.sources import conflict_in_words
from kb.exceptions import InvalidInputError, KBError, NotFoundError
from kb.library.access import AnyUser, collections_for

ALL = "kb"


class ChatMessage(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=["system", "developer", "user", "assistant", "tool"])
    content = serializers.JSONField(allow_null=True)


class ChatRequest(serializers.Serializer[Any]):
    """Sampling parameters of other clients are accepted and have no effect: answers are greedy."""

    model = serializers.CharField(max_length=200)
    messages = ChatMessage(many=True, allow_empty=False)
    stream = serializers.BooleanField(default=False)


class ModelsView(APIView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Every collection that you may read, and `kb` for all of them together."""
        names = [ALL, *(f"{ALL}/{slug}" for slug in _slugs(request.user))]
        models = [
            {"id": name, "object": "model", "created": 0, "owned_by": "knowledge-base"} for name in names
        ]
        return Response({"object": "list", "data": models})


class ChatCompletionsView(APIView):
    reads_by_post = True

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponseBase:
        given = ChatRequest(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        ask = _ask(caller(request), fields["model"], fields["messages"])
        if not fields["stream"]:
            return async_to_sync(_completion)(ask, fields["model"])
        events = answer(ask)
        first = async_to_sync(anext)(events)
        chunks = _chunks(resumed(first, events), fields["model"])
        response = StreamingHttpResponse(
            with_heartbeat(chunks), content_type="text/event-stream; charset=utf-8"
        )
        response["Cache-Control"] = "no-cache, no-transform"
        response["X-Accel-Buffering"] = "no"
        return response


def _slugs(user: AnyUser) -> Iterable[str]:
    return collections_for(user).values_list("slug", flat=True)


def _ask(user: User, model: str, messages: list[dict[str, Any]]) -> Ask:
    """The last user message is the question, the ones before it are its context."""
    questions = [_text(message["content"]) for message in messages if message["role"] == "user"]
    if not questions or messages[-1]["role"] != "user":
        raise InvalidInputError("The last message must be the user's question.")
    return Ask(
        user=user,
        question=questions[-1],
        collection_ids=_collections(user, model),
        earlier=tuple(questions[:-1]),
        listed=False,
    )


def _collections(user: AnyUser, model: str) -> tuple[int, ...]:
    if model == ALL:
        return ()
    prefix, _, slug = model.partition("/")
    found = collections_for(user).filter(slug=slug).first() if prefix == ALL else None
    if found is None:
        raise NotFoundError(f"There is no model {model!r}. GET /v1/models lists those that you may use.")
    return (found.pk,)


def _text(content: Any) -> str:
    """Plain strings and the list-of-parts form; only text parts count."""
    if isinstance(content, list):
        parts = [
            part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"
        ]
        content = "\n".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        raise InvalidInputError("A user message's content must be a text or a list of parts.")
    if "\0" in content or any("\ud800" <= character <= "\udfff" for character in content):
        raise InvalidInputError("The question holds characters that are no text.")
    return content


async def _completion(ask: Ask, model: str) -> Response:
    pieces: list[str] = []
    async with aclosing(answer(ask)) as events:
        async for event in events:
            if event.name == "error":
                raise _as_exception(event)
            piece = _shown(event, first=not pieces)
            if piece:
                pieces.append(piece)
    done = event.data
    pieces.append(_disagreements(done))
    message = {"role": "assistant", "content": "".join(pieces), "kb": _kb_field(done)}
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(done), "logprobs": None}
    return Response({**_envelope(done, model, "chat.completion"), "choices": [choice], "usage": _usage(done)})


def _as_exception(event: Event) -> KBError:
    error = KBError(event.data["message"])
    error.code, error.http_status = event.data["code"], event.data.get("http_status", 500)
    return error


async def _chunks(events: AsyncGenerator[Event], model: str) -> AsyncGenerator[bytes]:
    head: dict[str, Any] = {"id": "", "conversation": ""}
    sent = False
    async for event in events:
        if event.name == "retrieval":
            head = {"id": event.data["message_id"], "conversation": event.data["conversation"]}
            yield _chunk(head, model, {"role": "assistant", "content": ""})
        elif event.name == "error":
            yield _data(
                {
                    "error": {
                        "message": event.data["message"],
                        "code": event.data["code"],
                        "type": "server_error",
                    }
                }
            )
            return
        elif event.name == "done":
            if told := _disagreements(event.data):
                yield _chunk(head, model, {"content": told})
            yield _chunk(
                event.data,
                model,
                {},
                finish_reason=_finish_reason(event.data),
                kb=_kb_field(event.data),
                usage=_usage(event.data),
            )
        elif piece := _shown(event, first=not sent):
            sent = True
            yield _chunk(head, model, {"content": piece})
    yield b"data: [DONE]\n\n"


def _shown(event: Event, *, first: bool) -> str:
    """The text that an event adds: proved sentences with their numbers, or why there is none."""
    if event.name == "abstained":
        return str(event.data["message"])
    if event.name != "sentence" or not event.data["supported"]:
        return ""
    markers = "".join(f" [{citation['n']}]" for citation in event.data["citations"])
    bullet = "- " if event.data["block"] == "li" and event.data["starts_block"] else ""
    gap = "" if first else ("\n" if bullet else "\n\n") if event.data["starts_block"] else " "
    return f"{gap}{bullet}{event.data['text']}{markers}"


def _disagreements(done: dict[str, Any]) -> str:
    """What a reader of the text alone has to know: that, and how, the sources disagree."""
    return "".join(f"\n\nSources disagree: {conflict_in_words(item)}" for item in done["disagreements"])


def _kb_field(done: dict[str, Any]) -> dict[str, Any]:
    unproved = sum(not sentence["supported"] for sentence in done["sentences"]) + done["unproved_left_out"]
    kept = (
        "conversation", "abstained", "reason", "citations", "timings_ms", "standalone_question", "rule",
        "disagreements", "offers", "held_back",
    )  # fmt: skip
    return {**{name: done[name] for name in kept}, "unproved_sentences": unproved}


def _usage(done: dict[str, Any]) -> dict[str, Any]:
    usage = done["usage"]
    prompt, completion = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usage.get("cached_tokens", 0)},
    }


def _envelope(head: dict[str, Any], model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{head['id']}", "object": kind, "created": int(time.time()), "model": model}


def _finish_reason(done: dict[str, Any]) -> str:
    return "length" if done["cut_off"] else "stop"


def _chunk(
    head: dict[str, Any], model: str, delta: dict[str, Any], finish_reason: str | None = None, **extra: Any
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return _data({**_envelope(head, model, "chat.completion.chunk"), "choices": [choice], **extra})


def _data(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False)}\n\n".encode()
