"""The model process's HTTP: the part of OpenAI's API that answers questions, and /health."""

from __future__ import annotations

import functools
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kb.exceptions import InvalidInputError, KBError, NotFoundError, TooLargeError
from kb.llm.errors import ModelLoadingError, NotAuthenticatedError
from kb.llm.replies import error_response, models_object
from kb.llm.requests import MAX_BODY_BYTES, parse_chat, parse_score
from kb.llm.responses import ScoredContinuations, StreamedAnswer, WholeAnswer
from kb.llm.station import Station
from kb.llm.types import Sampling

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

# How long the engine may take to notice that the process ends; within the supervisor's patience.
_STOP_S = 0.9


class LLMServer:
    """The endpoints.

    Args:
        station: started and stopped with the application.
        token: that every caller of /v1 and /metrics must bear.
    """

    def __init__(self, station: Station, token: str) -> None:
        if not token:
            raise ValueError("The model server needs a token.")
        self._station = station
        self._authorization = f"Bearer {token}".encode()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
                Route("/v1/score", self._guarded(self._score), methods=["POST"]),
                Route("/v1/models", self._guarded(self._models), methods=["GET"]),
                Route("/metrics", self._guarded(self._metrics), methods=["GET"]),
                Route("/health", self._health, methods=["GET"]),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _http_error},
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._station.start()
        yield
        await self._station.stop(_STOP_S)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """Check the token; turn every error into OpenAI's shape with a true status."""

        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                if not self._is_authorized(request):
                    raise NotAuthenticatedError
                return await endpoint(request)
            except KBError as error:
                return error_response(error)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
            except Exception:
                logger.exception("A request failed: %s", request.url.path)
                return error_response(KBError())

        return guarded

    def _is_authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, self._authorization)

    async def _chat(self, request: Request) -> Response:
        wanted = parse_chat(await _body(request))
        prompt = await self._station.prepare(wanted)
        name = self._station.engine.info.name
        job = self._station.enter(prompt, wanted.sampling, wanted.user)
        if not wanted.stream:
            return WholeAnswer(job, name)
        return StreamedAnswer(job, name, include_usage=wanted.include_usage)

    async def _score(self, request: Request) -> Response:
        wanted = parse_score(await _body(request))
        prompt = await self._station.prepare_score(wanted)
        job = self._station.enter(prompt, Sampling(), wanted.user)
        return ScoredContinuations(job, self._station.engine.info.name, wanted.continuations)

    async def _models(self, request: Request) -> Response:
        return JSONResponse(models_object(self._station.engine.info))

    async def _metrics(self, request: Request) -> Response:
        return Response(self._station.metrics_text(), media_type=CONTENT_TYPE_LATEST)

    async def _health(self, request: Request) -> Response:
        """200 as long as the process lives. What it runs, only those who bear the token may know."""
        facts: dict[str, Any] = {}
        try:
            info = self._station.engine.info
            status = "ok"
            facts = {"model": info.name, "device": info.device, "context_tokens": info.context_tokens}
            facts["slots"] = self._station.engine.slots
            if info.note:
                facts["note"] = info.note
        except ModelLoadingError:
            status = "loading"
        except KBError as error:
            status, facts = "failed", {"reason": error.message}
        line = self._station.line
        facts |= {"active": line.active, "waiting": line.waiting}
        return JSONResponse({"status": status, **(facts if self._is_authorized(request) else {})})


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise TooLargeError("The request is too large.")
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BODY_BYTES:
            raise TooLargeError("The request is too large.")
    return bytes(parts)


def _http_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 404:
        return error_response(NotFoundError("There is no such call."))
    wrong = InvalidInputError("There is no such call.")
    wrong.http_status = error.status_code if isinstance(error, HTTPException) else 500
    return error_response(wrong)
