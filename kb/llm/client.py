"""Asking a language model: ours, or any endpoint that speaks OpenAI's words. Imports nothing heavy."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from kb.conf import config
from kb.exceptions import LLMUnavailableError
from kb.llm.connections import Connections
from kb.llm.errors import NotOfferedError
from kb.llm.failures import broken_off, raise_for_error, raise_for_response, too_late, understood
from kb.llm.fetching import fetch, refuse_compressed, whole
from kb.llm.scores import Score, Scorer, parsed_scores
from kb.llm.sse import Comment, Data, EventReader
from kb.llm.types import Usage, usage_of

_QUEUED = "queued "
_END = "[DONE]"
_HEALTH_TIMEOUT_S = 5.0
# Where an endpoint has no list of models, it serves one and does not look at the name.
_NO_NAME = "default"
# An endpoint may send them; they cannot be stored, or not everywhere.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONGEST_NAME = 300
_NO_SUCH_CALL = (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED, httpx.codes.NOT_IMPLEMENTED)


@dataclass(frozen=True)
class Queued:
    """Waiting for the model: so many prompts come before; 0 is being served."""

    position: int


@dataclass(frozen=True)
class Opened:
    """The prompt is evaluated; told by endpoints that count so early.

    Attributes:
        usage: without the answer's tokens, which are still to come.
    """

    usage: Usage
    model: str


@dataclass(frozen=True)
class Delta:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True)
class Done:
    """The answer is complete.

    Attributes:
        usage: zeros where the endpoint does not count.
        finish_reason: ``stop``, or ``length`` when the answer was cut off.
    """

    usage: Usage
    model: str
    finish_reason: str


class Generator(Protocol):
    def stream(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        user: str = "",
    ) -> AsyncGenerator[Queued | Opened | Delta | Done]:
        """Generate one answer. Closing the iterator frees the model at once.

        Args:
            messages: objects with ``role`` and ``content``, which is a text or a list of text parts that
                follow each other. Parts marked as in `kb.llm.requests` are sent as parts to an endpoint that
                knows what is meant.
            user: who asks, as a word that says nothing about them, so that the endpoint can be fair.

        Raises:
            PromptTooLongError: the messages do not fit into the model's context.
            LLMBusyError: too many are waiting.
            LLMUnavailableError: nobody answers, or not in time, or the answer broke off.
        """

    async def health(self) -> dict[str, Any]:
        """At least ``status``: ``ok``, ``loading``, ``failed`` or ``down``; and what the server tells."""


class LanguageModel(Generator, Scorer, Protocol):
    """What answers questions; not every endpoint offers scores."""


class OpenAIClient:
    """One endpoint. Safe to share between threads and event loops.

    Args:
        base_url: as OpenAI's own clients take it, usually ending in /v1, which a bare host may leave out.
        api_key: empty where the endpoint wants none.
        timeout_s: until the first word, and between any two.
        model: asked for by name; empty takes the first that the endpoint lists.
    """

    def __init__(self, base_url: str, api_key: str, timeout_s: float, model: str = "") -> None:
        url = base_url.rstrip("/")
        if not httpx.URL(url).path.strip("/"):
            url += "/v1"
        self._root = url.removesuffix("/v1")
        self._connections = Connections(url, api_key, timeout_s)
        self._timeout_s = timeout_s
        self._model = model
        self._keeps_parts = False

    async def stream(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        user: str = "",
    ) -> AsyncGenerator[Queued | Opened | Delta | Done]:
        """See `Generator.stream`."""
        body = {
            "messages": [dict(message) for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            **({"stop": list(stop)} if stop else {}),
            **({"user": user} if user else {}),
        }
        async with aclosing(self._stream(body)) as parts:
            async for part in parts:
                yield part

    async def score(
        self, messages: Sequence[Mapping[str, Any]], continuations: Sequence[str], *, user: str = ""
    ) -> list[Score]:
        """See `Scorer.score`."""
        body: dict[str, Any] = {
            "messages": [dict(message) for message in messages],
            "continuations": list(continuations),
            **({"user": user} if user else {}),
        }
        with understood():
            client = await self._connections.client()
            await self._name(client)
            if not self._keeps_parts:
                body["messages"] = [_joined(message) for message in body["messages"]]
            response = await fetch(client, "POST", "score", json=body)
            if response.status_code in _NO_SUCH_CALL:
                raise NotOfferedError
            if not response.is_success:
                raise_for_response(response)
            return parsed_scores(response.json())

    async def health(self) -> dict[str, Any]:
        """See `Generator.health`. Never raises for what the endpoint does."""
        client = await self._connections.client()
        try:
            with understood():
                response = await fetch(client, "GET", f"{self._root}/health", timeout=_HEALTH_TIMEOUT_S)
                if (told := _object(response)) and isinstance(told.get("status"), str):
                    return told
                # Not every endpoint tells how it is; one that lists its models is up.
                response = await fetch(client, "GET", "models", timeout=_HEALTH_TIMEOUT_S)
                if response.is_success:
                    return {"status": "ok", "model": _first_model(response)}
        except LLMUnavailableError as error:
            return {"status": "down", "reason": error.message}
        return {
            "status": "failed",
            "reason": f"The endpoint answers with HTTP status {response.status_code}.",
        }

    async def _stream(self, body: dict[str, Any]) -> AsyncGenerator[Queued | Opened | Delta | Done]:
        with understood():
            client = await self._connections.client()
            body["model"] = model = await self._name(client)
            if not self._keeps_parts:
                body["messages"] = [_joined(message) for message in body["messages"]]
            async with client.stream("POST", "chat/completions", json=body) as response:
                if not response.is_success:
                    raise_for_response(await whole(response))
                refuse_compressed(response)
                answer = _Answer(model, self._timeout_s)
                async for data in response.aiter_bytes():
                    for part in answer.feed(data):
                        yield part
                yield answer.done()

    async def _name(self, client: httpx.AsyncClient) -> str:
        if not self._model:
            response = await fetch(client, "GET", "models")
            if response.status_code == httpx.codes.NOT_FOUND:
                return _NO_NAME
            if not response.is_success:
                raise_for_response(response)
            self._model = _first_model(response)
            self._keeps_parts = response.json()["data"][0].get("keeps_parts") is True
        return self._model


class _Answer:
    """What has come of one streamed answer."""

    def __init__(self, model: str, timeout_s: float) -> None:
        self._reader = EventReader()
        self._model = model
        self._timeout_s = timeout_s
        self._last_progress_s = time.monotonic()
        self._position = 0
        self._usage = Usage(0, 0, 0)
        self._finish_reason = ""
        self._has_opened = False

    def feed(self, data: bytes) -> Iterator[Queued | Opened | Delta]:
        for line in self._reader.feed(data):
            if isinstance(line, Comment):
                yield from self._comment(line.text)
            elif line.text != _END:
                self._last_progress_s = time.monotonic()
                yield from self._chunk(line)
        # A server that hangs may still tell everyone in line that it lives.
        if time.monotonic() - self._last_progress_s > self._timeout_s:
            raise too_late()

    def done(self) -> Done:
        if not self._finish_reason:
            raise broken_off()
        return Done(self._usage, self._model, self._finish_reason)

    def _comment(self, text: str) -> Iterator[Queued]:
        number = text.removeprefix(_QUEUED)
        if number != text and number.isdigit() and int(number) != self._position:
            self._position = int(number)
            self._last_progress_s = time.monotonic()
            yield Queued(self._position)

    def _chunk(self, line: Data) -> Iterator[Opened | Delta]:
        chunk: dict[str, Any] = json.loads(line.text)
        if chunk.get("error"):
            raise_for_error(chunk["error"], httpx.codes.OK)
        self._model = _NO_TEXT.sub("", str(chunk.get("model") or self._model))[:_LONGEST_NAME]
        if chunk.get("usage"):
            self._usage = usage_of(chunk["usage"])
            if not self._has_opened and chunk.get("choices"):
                yield Opened(self._usage, self._model)
        self._has_opened = True
        for choice in chunk.get("choices") or []:
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            if text := (choice.get("delta") or {}).get("content"):
                yield Delta(_NO_TEXT.sub("", str(text)))


def _joined(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message["content"]
    text = content if isinstance(content, str) else "".join(part["text"] for part in content)
    return {**message, "content": text}


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _first_model(response: httpx.Response) -> str:
    return str(response.json()["data"][0]["id"])


@functools.cache
def llm_client() -> OpenAIClient:
    """This process's client of the configured language model.

    Raises:
        LLMUnavailableError: no address is known, as before the first `manage.py up`.
    """
    if not config.llm_url:
        raise LLMUnavailableError
    return OpenAIClient(config.llm_url, config.llm_api_key, config.llm_timeout_s)
