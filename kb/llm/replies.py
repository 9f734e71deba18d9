"""Answers and errors in OpenAI's shape."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from kb.exceptions import KBError, ServiceUnavailableError
from kb.llm.job import Times
from kb.llm.types import Finished, ModelInfo, Scores, Usage

END_OF_STREAM = b"data: [DONE]\n\n"

_TYPES = {
    **dict.fromkeys((400, 404, 405, 413), "invalid_request_error"),
    401: "authentication_error",
}


class Reply:
    """Makes the objects of one answer, which share its id."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def whole(self, text: str, finished: Finished, times: Times) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finished.reason}
        return self._object("chat.completion", choices=[choice], **_figures(finished, times))

    def opening(self, usage: Usage | None = None) -> bytes:
        """The first chunk; with the usage so far, for whoever leaves before the end."""
        figures = {"usage": usage_object(usage)} if usage is not None else None
        return self._chunk({"role": "assistant", "content": ""}, figures=figures)

    def text(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def closing(self, finished: Finished, times: Times, *, include_usage: bool) -> bytes:
        last = self._chunk({}, finished.reason)
        if include_usage:
            figures = _figures(finished, times)
            last += event(self._object("chat.completion.chunk", choices=[], **figures))
        return last + END_OF_STREAM

    def _chunk(
        self, delta: dict[str, str], finish_reason: str | None = None, figures: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event(self._object("chat.completion.chunk", choices=[choice], **(figures or {})))

    def _object(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model, **fields}


def _figures(finished: Finished, times: Times) -> dict[str, Any]:
    """OpenAI's token counts, and times of our own."""
    seconds = {
        "queue": times.queue_s,
        "first_token": times.first_token_s,
        "per_token": times.token_s(finished.usage.completion_tokens),
    }
    timings_ms = {name: round(value * 1000, 2) for name, value in seconds.items()}
    return {"usage": usage_object(finished.usage), "timings_ms": timings_ms}


def usage_object(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {
            "accepted_prediction_tokens": usage.accepted_tokens,
            "rejected_prediction_tokens": usage.rejected_tokens,
        },
    }


def score_object(
    model: str, texts: Sequence[str], scores: Scores, finished: Finished, times: Times
) -> dict[str, Any]:
    """The log-probabilities of continuations, each in place of its text."""
    results = [
        {"text": text, "tokens": len(found), "logprob": sum(found), "token_logprobs": list(found)}
        for text, found in zip(texts, scores.logprobs, strict=True)
    ]
    return {"object": "score", "model": model, "results": results, **_figures(finished, times)}


def models_object(info: ModelInfo) -> dict[str, Any]:
    """``keeps_parts`` says that marked parts of messages are understood; see `kb.llm.requests`."""
    model = {"id": info.name, "object": "model", "created": 0, "owned_by": "local"}
    return {"object": "list", "data": [{**model, "context_length": info.context_tokens, "keeps_parts": True}]}


def error_object(error: KBError) -> dict[str, Any]:
    kind = _TYPES.get(error.http_status, "server_error")
    return {"error": {"message": error.message, "type": kind, "param": None, "code": error.code}}


def error_response(error: KBError) -> Response:
    headers = {}
    if isinstance(error, ServiceUnavailableError):
        headers["Retry-After"] = str(error.retry_after_s)
    return JSONResponse(error_object(error), error.http_status, headers)


def event(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def comment(text: str) -> bytes:
    """A line that clients skip."""
    return f": {text}\n\n".encode()
